#pragma once
#include <cofila/job_record.hpp>
#include <cofila/transition.hpp>

#include <optional>
#include <string>

/// What is logged of jobs, each a printable line.
namespace cofila::domain {

/// An attempt that is followed by another one. `before` is the job as it ran.
std::string retry_line(const std::string& queue, const job_record& before, const transition& change);

struct attempts_made {
    int made = 0;
    int allowed = 0;
};
/// The end of a job that failed. Nothing: its attempts are not known.
std::string failure_line(
    const std::string& queue, const job_id& id, const std::string& reason, std::optional<attempts_made> attempts
);

/// A job that runs again, as its worker died or stopped renewing its lock.
std::string stall_line(const std::string& queue, const job_record& now);

}  // namespace cofila::domain
