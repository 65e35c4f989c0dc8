#include <cofila/postgres.hpp>

#include <utility>

#include "engine/application_jobs.hpp"
#include "postgres/application_transaction.hpp"
#include "postgres/schema.hpp"
#include "queue/queue_core.hpp"

/// What the application does in transactions of its own, in a PostgreSQL database.
namespace cofila {

namespace {

/// Where a queue is.
const postgres::repository::place& place_of(const detail::queue_core& queue)
{
    const auto* const stored = dynamic_cast<const postgres::repository*>(queue.ports->repository.get());
    if (!stored)
        throw error{
            errc::invalid_argument,
            "db",
            "cannot share a transaction with this queue: its engine has no PostgreSQL database"
        };
    return stored->where();
}

}  // namespace

std::string postgres::schema_sql(const std::string& schema) { return creation_script(schema); }

job_id enqueue(
    const postgres::transaction& db,
    std::string_view queue,
    std::string name,
    const boost::json::value& data,
    job_options options,
    const environment& with
)
{
    job_spec<std::string> spec{.name = std::move(name), .data = encode(data), .options = std::move(options)};
    const auto job = detail::make_job(queue, std::move(spec), with);
    const auto& schema = db.options().schema;
    return detail::ids_of(postgres::add_within(db, {.name = "schema " + schema, .schema = schema}, {job})).front();
}

namespace detail {

job_id enqueue(const postgres::transaction& db, const queue_ptr& queue, job_spec<std::string> spec)
{
    const auto job = make_job(*queue, std::move(spec));
    return ids_of(postgres::add_within(db, place_of(*queue), {job})).front();
}

std::vector<job_id> enqueue_bulk(
    const postgres::transaction& db, const queue_ptr& queue, std::vector<job_spec<std::string>> specs
)
{
    const auto jobs = make_jobs(*queue, std::move(specs));
    return jobs.empty() ? std::vector<job_id>{} : ids_of(postgres::add_within(db, place_of(*queue), jobs));
}

void complete_in(const postgres::transaction& db, const job_ptr& job, std::string result)
{
    const auto end = completion_of(*job, std::move(result));
    note_completion(*job, postgres::settle_within(db, place_of(*job->queue), end));
}

}  // namespace detail
}  // namespace cofila
