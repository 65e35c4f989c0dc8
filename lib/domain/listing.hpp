#pragma once
#include <cofila/job_record.hpp>
#include <cofila/queue_types.hpp>

namespace cofila::domain {

/// A page is found among so many jobs: what a filter leaves out must not make a call long.
inline constexpr int most_examined = 5000;

bool matches(const job_record& job, const job_filter& filter);

/// No job that follows this one in its listing can match: finished jobs come in the order in which they finished.
bool none_follow(const job_record& job, const job_filter& filter);

}  // namespace cofila::domain
