#pragma once
#include "closing.hpp"

namespace cofila::test {

/// As another process does it: nobody here is told.
inline asio::awaitable<void> cancel_elsewhere(app& a, job_id id)
{
    const auto answer =
        co_await a.store->inner().change("q", std::move(id), cancellation{.why = "no more"}, a.clock->wall_now());
    REQUIRE(answer.done());
}

inline void check_cancelled(const job_record& job)
{
    CHECK(job.state == job_state::failed);
    CHECK(job.failed_reason == "cancelled: no more");
    CHECK(job.result.empty());
    CHECK(job.attempts_started == 1);
    CHECK(job.attempts_made == 1);
    CHECK_FALSE(job.cancelled);
    CHECK_FALSE(job.locked_until);
}

}  // namespace cofila::test
