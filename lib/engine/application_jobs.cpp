#include "engine/application_jobs.hpp"

#include <cofila/error.hpp>

#include <utility>

#include "domain/generated_id.hpp"
#include "domain/job_maker.hpp"
#include "domain/json_text.hpp"
#include "domain/transitions.hpp"
#include "domain/validation.hpp"
#include "queue/queue_core.hpp"

namespace cofila::detail {

namespace {

domain::job_maker::id_source id_parts(const environment& with)
{
    return [&with] {
        const auto high = with.random->next();
        return domain::make_random_part(high, with.random->next());
    };
}

environment surroundings(const queue_core& queue)
{
    // The engine's random source is for the engine's thread only.
    return {.clock = queue.ports->time, .random = environment::system().random};
}

}  // namespace

job_draft make_job(const queue_core& queue, job_spec<std::string> spec)
{
    const auto with = surroundings(queue);
    return domain::job_maker{queue.name, queue.options()}.make(std::move(spec), id_parts(with), with.clock->wall_now());
}

std::vector<job_draft> make_jobs(const queue_core& queue, std::vector<job_spec<std::string>> specs)
{
    const auto with = surroundings(queue);
    domain::job_maker maker{queue.name, queue.options()};
    return maker.make_all(std::move(specs), id_parts(with), with.clock->wall_now());
}

job_draft make_job(std::string_view queue, job_spec<std::string> spec, const environment& with)
{
    domain::check_name("queue", queue);
    const queue_options defaults;
    return domain::job_maker{std::string{queue}, defaults}.make(
        std::move(spec), id_parts(with), with.clock->wall_now()
    );
}

settlement completion_of(const job_handle& handle, std::string result)
{
    const auto& job = *handle.job;
    if (handle.token.empty())
        throw error{
            errc::wrong_state, "job '" + job.id.str() + "' is not run by this handle; only who runs it can complete it"
        };
    domain::check_json("result", result, handle.queue->options().size_limit);
    const auto now = handle.queue->ports->time->wall_now();
    return {
        .job = {.queue = job.queue, .id = job.id, .key = job.key, .token = handle.token},
        .change = domain::after_transactional_success(job, std::move(result), now)
    };
}

void note_completion(job_handle& handle, settled what)
{
    const auto& id = handle.job->id.str();
    switch (what) {
    case settled::accepted:
    case settled::cancelled:
        handle.completed_within = true;
        return;
    case settled::already:
        throw error{errc::wrong_state, "job '" + id + "' is not active any more, but must be; this attempt has ended"};
    case settled::lost:
        throw error{
            errc::lock_lost, "job '" + id + "' is locked by another or has been removed; roll the transaction back"
        };
    }
}

std::vector<job_id> ids_of(const std::vector<added_row>& rows)
{
    std::vector<job_id> out;
    for (const auto& row : rows)
        out.push_back(row.job->id);
    return out;
}

}  // namespace cofila::detail
