#include <cofila/sqlite.hpp>

#include <utility>

#include "engine/application_jobs.hpp"
#include "queue/queue_core.hpp"
#include "sqlite/application_transaction.hpp"

/// What the application does in transactions of its own, in a SQLite file.
namespace cofila {

namespace {

std::vector<job_id> add_jobs(SQLite::Database& db, const std::vector<job_draft>& jobs)
{
    return jobs.empty() ? std::vector<job_id>{} : detail::ids_of(sqlite::add_within(db, jobs));
}

}  // namespace

bool tune_sqlite() noexcept { return sqlite::tune_sqlite(); }

void prepare(SQLite::Database& db, milliseconds wait)
{
    if (wait < milliseconds{})
        throw error{errc::invalid_argument, "wait", "must not be negative"};
    sqlite::prepare(db, wait);
}

job_id enqueue(
    SQLite::Database& db,
    std::string_view queue,
    std::string name,
    const boost::json::value& data,
    job_options options,
    const environment& with
)
{
    job_spec<std::string> spec{.name = std::move(name), .data = encode(data), .options = std::move(options)};
    return add_jobs(db, {detail::make_job(queue, std::move(spec), with)}).front();
}

namespace detail {

job_id enqueue(SQLite::Database& db, const queue_ptr& queue, job_spec<std::string> spec)
{
    auto job = make_job(*queue, std::move(spec));
    sqlite::check_connected(db, queue->ports->repository->location());
    return add_jobs(db, {std::move(job)}).front();
}

std::vector<job_id> enqueue_bulk(SQLite::Database& db, const queue_ptr& queue, std::vector<job_spec<std::string>> specs)
{
    const auto jobs = make_jobs(*queue, std::move(specs));
    sqlite::check_connected(db, queue->ports->repository->location());
    return add_jobs(db, jobs);
}

void complete_in(SQLite::Database& db, const job_ptr& job, std::string result)
{
    const auto end = completion_of(*job, std::move(result));
    sqlite::check_connected(db, job->queue->ports->repository->location());
    note_completion(*job, sqlite::settle_within(db, end));
}

}  // namespace detail
}  // namespace cofila
