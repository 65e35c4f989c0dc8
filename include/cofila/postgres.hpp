#pragma once
#include <cofila/codec.hpp>
#include <cofila/detail/core.hpp>
#include <cofila/detail/typed.hpp>
#include <cofila/environment.hpp>
#include <cofila/job.hpp>
#include <cofila/postgres_transaction.hpp>
#include <cofila/queue.hpp>

#include <boost/json/value.hpp>

#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

/// Adds and finishes jobs in the very transaction that writes the application's own rows, in the PostgreSQL database
/// that also holds the jobs. The documentation has a page about such transactions.
///
/// Thread: all functions are synchronous and may be called on any thread that owns the connection. They wait for the
/// server, and for other transactions that write to the schema.
///
/// Errors: `cofila::error`. `errc::invalid_argument` with the field `db` says what the connection lacks: it is in no
/// transaction, or in one that has failed or is not READ COMMITTED, or its database does not have the tables that the
/// queue's engine uses (`errc::storage_newer` if they are newer), or the library was built without libpq. Otherwise the
/// errors of `queue::add` and the storage codes. What a function of the application's throws passes through. After an
/// error, whatever the call had done is undone and the transaction continues, unless the connection was lost.
namespace cofila {

namespace postgres {

/// Returns the commands that make the tables in a new schema, as the first engine would. For databases whose owner
/// lets no program make tables.
std::string schema_sql(const std::string& schema = "cofila");

}  // namespace postgres

namespace detail {

job_id enqueue(const postgres::transaction& in, const queue_ptr& queue, job_spec<std::string> spec);
std::vector<job_id> enqueue_bulk(
    const postgres::transaction& in, const queue_ptr& queue, std::vector<job_spec<std::string>> specs
);
void complete_in(const postgres::transaction& in, const job_ptr& job, std::string result);

}  // namespace detail

/// Adds a job inside the application's own open transaction and returns its id. The job exists if and only if that
/// transaction commits; the workers of all processes wake then. The arguments are checked as by `queue::add`. If a job
/// has the given id already, nothing is added. No events are emitted. `db` must be connected to the database of the
/// queue's engine.
template <class Payload, class Result>
job_id enqueue(
    const postgres::transaction& db,
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
    const postgres::transaction& db,
    const queue<Payload, Result>& to,
    std::vector<job_spec<std::type_identity_t<Payload>>> jobs
)
{
    return detail::enqueue_bulk(db, to.core(), detail::encode_all(std::move(jobs)));
}

/// Adds a job in the same way without an engine, for programs that only add jobs. The default `queue_options` apply.
job_id enqueue(
    const postgres::transaction& db,
    std::string_view queue,
    std::string name,
    const boost::json::value& data,
    job_options options = {},
    const environment& with = environment::system()
);

/// Completes the job that a processor runs, inside the application's own transaction. What the processor wrote and the
/// end of the job are stored together or not at all. Once the processor has returned, whatever it returns: if the
/// transaction was committed, the job is completed with `result`; if not, the attempt has failed ("transaction not
/// committed"). There should be no co_await between BEGIN and COMMIT, and the transaction must be shorter than the
/// job's lock. The commit decides: a cancellation or a time-out before it does not undo it.
///
/// Errors: `errc::lock_lost` if the lock is lost by now; let the exception roll the transaction back.
/// `errc::wrong_state` for a job that this handle does not run or has completed already. `errc::payload_too_large`.
template <class Payload, class Result>
    requires(!std::is_void_v<Result>)
void complete_in(
    const postgres::transaction& db, const job<Payload, Result>& running, const result_value<Result>& result
)
{
    detail::complete_in(db, running.handle(), detail::encode_result<Result>(result));
}
template <class Payload>
void complete_in(const postgres::transaction& db, const job<Payload, void>& running)
{
    detail::complete_in(db, running.handle(), detail::encode_result<void>({}));
}

}  // namespace cofila
