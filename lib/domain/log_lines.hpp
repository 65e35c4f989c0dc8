#pragma once
#include <cofila/repository/job_record.hpp>
#include <cofila/repository/transition.hpp>

#include <optional>
#include <string>

/// What is logged about jobs, each a printable line.
namespace cofila::domain {

/// For an attempt that is followed by another one. `before` is the job as it ran.
std::string retry_line(const std::string& queue, const job_record& before, const transition& change);

struct attempts_made {
    int made = 0;
    int allowed = 0;
};
/// For the end of a failed job. `attempts` is unset if they are not known.
std::string failure_line(
    const std::string& queue, const job_id& id, const std::string& reason, std::optional<attempts_made> attempts
);

/// For a job that runs again because its worker died or stopped renewing its lock.
std::string stall_line(const std::string& queue, const job_record& now);

}  // namespace cofila::domain
