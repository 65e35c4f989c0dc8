#pragma once
#include <algorithm>
#include <string>
#include <vector>

#include "contract/contract.hpp"

namespace cofila::test {

inline std::vector<std::string> expired_ids(const sweep_answer& answer)
{
    std::vector<std::string> out;
    for (const auto& job : of(answer.news, cause::unfit))
        out.push_back(job.job->queue + '/' + job.job->id.str());
    std::ranges::sort(out);
    return out;
}

/// What a job has become that was not started in time.
inline job_record expired(job_record job, time_point now)
{
    job.state = job_state::failed;
    job.failed_reason = "expired";
    job.finished_at = now;
    job.run_at.reset();
    job.expires_at.reset();
    return job;
}

}  // namespace cofila::test
