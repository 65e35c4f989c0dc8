#include <cofila/sqlite.hpp>

#include "domain/generated_id.hpp"
#include "domain/job_maker.hpp"
#include "domain/json_text.hpp"
#include "domain/transitions.hpp"
#include "domain/validation.hpp"
#include "queue/queue_core.hpp"
#include "sqlite/application_transaction.hpp"

/// What the application does in transactions of its own. May run on any thread: of a queue's core only what never
/// changes is used.
namespace cofila {

namespace {

domain::job_maker::id_source id_parts(const environment& with)
{
    return [&with] {
        const auto high = with.random->next();
        return domain::make_random_part(high, with.random->next());
    };
}

std::vector<job_id> add_jobs(SQLite::Database& db, const std::vector<job_draft>& jobs)
{
    std::vector<job_id> out;
    if (jobs.empty())
        return out;
    for (const auto& row : sqlite::add_within(db, jobs))
        out.push_back(row.job->id);
    return out;
}

environment surroundings(const detail::queue_core& queue)
{
    // The engine's random source is for the engine's thread only.
    return {.clock = queue.ports->time, .random = environment::system().random};
}

/// The completion of the job that `handle` runs.
settlement completion(const detail::job_handle& handle, std::string result)
{
    const auto& job = *handle.job;
    const auto now = handle.queue->ports->time->wall_now();
    return {
        .job = {.queue = job.queue, .id = job.id, .key = job.key, .token = handle.token},
        .change = domain::after_transactional_success(job, std::move(result), now)
    };
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
    domain::check_name("queue", queue);
    job_spec<std::string> spec{.name = std::move(name), .data = encode(data), .options = std::move(options)};
    const queue_options defaults;
    auto job =
        domain::job_maker{std::string{queue}, defaults}.make(std::move(spec), id_parts(with), with.clock->wall_now());
    return add_jobs(db, {std::move(job)}).front();
}

namespace detail {

job_id enqueue(SQLite::Database& db, const queue_ptr& queue, job_spec<std::string> spec)
{
    const auto with = surroundings(*queue);
    domain::job_maker jobs{queue->name, queue->options()};
    auto job = jobs.make(std::move(spec), id_parts(with), with.clock->wall_now());
    sqlite::check_connected(db, queue->ports->repository->location());
    return add_jobs(db, {std::move(job)}).front();
}

std::vector<job_id> enqueue_bulk(SQLite::Database& db, const queue_ptr& queue, std::vector<job_spec<std::string>> specs)
{
    const auto with = surroundings(*queue);
    domain::job_maker maker{queue->name, queue->options()};
    const auto jobs = maker.make_all(std::move(specs), id_parts(with), with.clock->wall_now());
    sqlite::check_connected(db, queue->ports->repository->location());
    return add_jobs(db, jobs);
}

void complete_in(SQLite::Database& db, const job_ptr& job, std::string result)
{
    const auto& id = job->job->id.str();
    if (job->token.empty())
        throw error{errc::wrong_state, "job '" + id + "' is not run by this handle; only who runs it can complete it"};
    domain::check_json("result", result, job->queue->options().size_limit);
    sqlite::check_connected(db, job->queue->ports->repository->location());
    const auto end = completion(*job, std::move(result));
    switch (sqlite::settle_within(db, end)) {
    case settled::accepted:
    case settled::cancelled:
        job->completed_within = true;
        return;
    case settled::already:
        throw error{errc::wrong_state, "job '" + id + "' is not active any more, but must be; this attempt has ended"};
    case settled::lost:
        throw error{
            errc::lock_lost, "job '" + id + "' is locked by another or has been removed; roll the transaction back"
        };
    }
}

}  // namespace detail
}  // namespace cofila
