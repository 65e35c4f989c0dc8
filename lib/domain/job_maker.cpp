#include "domain/job_maker.hpp"

#include <cofila/error.hpp>

#include <utility>

#include "domain/json_text.hpp"
#include "domain/transitions.hpp"
#include "domain/validation.hpp"

namespace cofila::domain {

std::shared_ptr<const job_options> job_maker::resolved(const job_options& given)
{
    if (!last_resolved_ || given != last_given_) {
        check(given);
        last_resolved_ = std::make_shared<const job_options>(resolve(given, options_));
        last_given_ = given;
    }
    return last_resolved_;
}

job_draft job_maker::make(job_spec<std::string>&& spec, const id_source& draw, time_point now)
{
    check_name("name", spec.name);
    auto given = std::exchange(spec.options.id, {});
    if (given)
        check_name("id", given->str());
    check_json("data", spec.data, options_.size_limit);
    auto job = std::make_shared<job_record>();
    job->queue = queue_;
    job->name = std::move(spec.name);
    job->data = std::move(spec.data);
    set_up(*job, resolved(spec.options), now);
    if (given)
        job->id = std::move(*given);
    else
        job->random = draw();
    return job;
}

std::vector<job_draft> job_maker::make_all(
    std::vector<job_spec<std::string>> specs, const id_source& draw, time_point now
)
{
    std::vector<job_draft> jobs;
    jobs.reserve(specs.size());
    for (auto& spec : specs) {
        try {
            jobs.push_back(make(std::move(spec), draw, now));
        } catch (const error& e) {
            throw error{"[" + std::to_string(jobs.size()) + "].", e};
        }
    }
    return jobs;
}

}  // namespace cofila::domain
