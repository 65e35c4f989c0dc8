#pragma once
#include <cofila/codec.hpp>
#include <cofila/detail/core.hpp>
#include <cofila/detail/typed.hpp>
#include <cofila/environment.hpp>
#include <cofila/job.hpp>
#include <cofila/queue.hpp>

#include <boost/json/value.hpp>

#include <SQLiteCpp/Database.h>

#include <chrono>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

/// Jobs that are added, or finished, by the very transaction that writes the application's own rows: one SQLite file
/// holds both (`engine_options::embed`). docs/transactions.md shows how.
///
/// Thread: all of it is synchronous and may be called by any thread that owns `db`; it blocks while others hold the
/// file. Errors: `cofila::error`. `errc::invalid_argument`, field `db`, tells what the connection lacks: it was not
/// prepared, is in no transaction, its main file has no tables of ours, or not those that this version writes
/// (`errc::storage_newer`). Else as of `queue::add` and `storage_*`; what had been done by the call is undone then, and
/// the transaction goes on, unless SQLite had to roll it back (a full or failing disk: ask `sqlite3_get_autocommit`).
namespace cofila {

/// Gives a connection of the application's what sharing a file needs: it waits for others in short steps, for `wait` at
/// most, and never copies the log (`wal_autocheckpoint=0`), which the engine does. Once, after opening; in the place of
/// `busy_timeout`, a busy handler or a WAL hook of its own. Lasts as long as the connection.
void prepare(SQLite::Database& db, milliseconds wait = std::chrono::seconds{30});

namespace detail {

job_id enqueue(SQLite::Database& db, const queue_ptr& to, job_spec<std::string> spec);
std::vector<job_id> enqueue_bulk(SQLite::Database& db, const queue_ptr& to, std::vector<job_spec<std::string>> specs);
void complete_in(SQLite::Database& db, const job_ptr& job, std::string result);

}  // namespace detail

/// Adds a job inside the application's own open transaction: it exists if and only if that commits, and workers of all
/// processes wake then. Checked as by `queue::add`; with the id of a job that exists nothing is added. No events are
/// emitted. `db` must be connected to the file of the queue's engine. Begin the transaction with BEGIN IMMEDIATE: one
/// that has read before may fail with `errc::storage_busy` at once.
template <class Payload, class Result>
job_id enqueue(
    SQLite::Database& db,
    const queue<Payload, Result>& to,
    std::string name,
    const std::type_identity_t<Payload>& data,
    job_options options = {}
)
{
    return detail::enqueue(
        db, to.core(), {.name = std::move(name), .data = detail::encode_as("data", data), .options = std::move(options)}
    );
}

/// Adds many, all or none. An error names the index of the element at fault, as in `[3].priority`.
template <class Payload, class Result>
std::vector<job_id> enqueue_bulk(
    SQLite::Database& db, const queue<Payload, Result>& to, std::vector<job_spec<std::type_identity_t<Payload>>> jobs
)
{
    return detail::enqueue_bulk(db, to.core(), detail::encode_all(std::move(jobs)));
}

/// The same without an engine, for programs that only add: with the default `queue_options`.
job_id enqueue(
    SQLite::Database& db,
    std::string_view queue,
    std::string name,
    const boost::json::value& data,
    job_options options = {},
    const environment& with = environment::system()
);

/// Completes the job that a processor runs, inside the application's own transaction, begun with BEGIN IMMEDIATE: what
/// the processor wrote and the end of the job are stored together or not at all. When the processor returns, whatever
/// it returns: if the transaction was committed the job is completed with `result`; if not, the attempt has failed
/// ("transaction not committed"). No co_await between BEGIN and COMMIT, and no transaction longer than the job's lock.
/// The commit decides: a cancellation or a time-out that comes before it does not undo it.
///
/// Errors: `errc::lock_lost` when the job is another's by now: let the exception roll the transaction back;
/// `errc::wrong_state` for a job that this handle does not run, or has completed already; `errc::payload_too_large`.
template <class Payload, class Result>
    requires(!std::is_void_v<Result>)
void complete_in(SQLite::Database& db, const job<Payload, Result>& running, const result_value<Result>& result)
{
    detail::complete_in(db, running.handle(), detail::encode_result<Result>(result));
}
template <class Payload>
void complete_in(SQLite::Database& db, const job<Payload, void>& running)
{
    detail::complete_in(db, running.handle(), detail::encode_result<void>({}));
}

}  // namespace cofila
