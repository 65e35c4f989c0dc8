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

/// Adds and finishes jobs in the very transaction that writes the application's own rows. One SQLite file holds both
/// (`engine_options::embed`). The documentation has a page about such transactions.
///
/// Thread: all functions are synchronous and may be called on any thread that owns `db`. They block while other
/// connections hold the file.
///
/// Errors: `cofila::error`. `errc::invalid_argument` with the field `db` says what the connection lacks: it is not
/// prepared, it is in no transaction, or its main file does not have the cofila tables of this version
/// (`errc::storage_newer` if they are newer). Otherwise the errors of `queue::add` and the storage codes. After an
/// error, whatever the call had done is undone and the transaction continues, unless SQLite had to roll it back (on a
/// full or failing disk; `sqlite3_get_autocommit` shows that).
namespace cofila {

/// Prepares a connection of the application for a shared file. From then on the connection waits for others in short
/// steps, for `wait` at most, and never copies the log (`wal_autocheckpoint=0`), which is the engine's work. Must be
/// called once after opening, instead of setting a `busy_timeout`, a busy handler or a WAL hook. The effect lasts as
/// long as the connection.
void prepare(SQLite::Database& db, milliseconds wait = std::chrono::seconds{30});

/// Has SQLite keep no account of the memory that it uses, in the whole process, which spares a tenth of the work of the
/// database thread. `sqlite3_memory_used` is 0 then, and SQLite's limits of its heap have no effect. Should be called
/// at the beginning of `main`. Returns false, and changes nothing, if SQLite is in use already.
///
/// Thread: the only one of the process that uses SQLite.
bool tune_sqlite() noexcept;

namespace detail {

job_id enqueue(SQLite::Database& db, const queue_ptr& queue, job_spec<std::string> spec);
std::vector<job_id> enqueue_bulk(
    SQLite::Database& db, const queue_ptr& queue, std::vector<job_spec<std::string>> specs
);
void complete_in(SQLite::Database& db, const job_ptr& job, std::string result);

}  // namespace detail

/// Adds a job inside the application's own open transaction and returns its id. The job exists if and only if that
/// transaction commits; the workers of all processes wake then. The arguments are checked as by `queue::add`. If a job
/// has the given id already, nothing is added. No events are emitted. `db` must be connected to the file of the queue's
/// engine. The transaction should be begun with BEGIN IMMEDIATE: one that has already read may fail with
/// `errc::storage_busy` at once.
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

/// Adds many jobs, all or none, and returns their ids. An error names the index of the faulty element, as in
/// `[3].priority`.
template <class Payload, class Result>
std::vector<job_id> enqueue_bulk(
    SQLite::Database& db, const queue<Payload, Result>& to, std::vector<job_spec<std::type_identity_t<Payload>>> jobs
)
{
    return detail::enqueue_bulk(db, to.core(), detail::encode_all(std::move(jobs)));
}

/// Adds a job in the same way without an engine, for programs that only add jobs. The default `queue_options` apply.
job_id enqueue(
    SQLite::Database& db,
    std::string_view queue,
    std::string name,
    const boost::json::value& data,
    job_options options = {},
    const environment& with = environment::system()
);

/// Completes the job that a processor runs, inside the application's own transaction, which must have been begun with
/// BEGIN IMMEDIATE. What the processor wrote and the end of the job are stored together or not at all. Once the
/// processor has returned, whatever it returns: if the transaction was committed, the job is completed with `result`;
/// if not, the attempt has failed ("transaction not committed"). There must be no co_await between BEGIN and COMMIT,
/// and the transaction must be shorter than the job's lock. The commit decides: a cancellation or a time-out before it
/// does not undo it.
///
/// Errors: `errc::lock_lost` if the lock is lost by now; let the exception roll the transaction back.
/// `errc::wrong_state` for a job that this handle does not run or has completed already. `errc::payload_too_large`.
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
