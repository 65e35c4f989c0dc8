#pragma once
#include <cofila/repository/job_record.hpp>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "domain/transitions.hpp"
#include "domain/validation.hpp"
#include "support/manual_clock.hpp"

namespace cofila::test {

/// A new job of the queue "q".
inline job_draft some_job(std::string id, std::string data = "{}", const job_options& options = {})
{
    auto resolved = std::make_shared<const job_options>(domain::resolve(options, queue_options{}));
    auto job =
        domain::new_job(job_id{std::move(id)}, "task", std::move(data), std::move(resolved), manual_clock::start);
    job.queue = "q";
    return std::make_shared<job_record>(std::move(job));
}

inline job_draft in_queue(std::string queue, const job_draft& job)
{
    auto out = std::make_shared<job_record>(*job);
    out->queue = std::move(queue);
    return out;
}

inline std::vector<job_draft> one_job(std::string id, std::string data = "{}")
{
    return {some_job(std::move(id), std::move(data))};
}

}  // namespace cofila::test
