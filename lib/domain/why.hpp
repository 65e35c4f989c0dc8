#pragma once
#include <cofila/repository/job_situation.hpp>
#include <cofila/why.hpp>

namespace cofila::domain {

/// A queue without a claim for this long is said to have no worker.
inline constexpr milliseconds no_claims_after = std::chrono::seconds{60};

why_answer explain(const job_situation& situation, time_point now);

}  // namespace cofila::domain
