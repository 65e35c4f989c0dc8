#pragma once
#include <boost/asio/awaitable.hpp>

#include <string>
#include <vector>

#include "contract/contract.hpp"

namespace cofila::test {

/// Ends the attempt of a job that was cancelled meanwhile, and checks that it does not run again.
inline boost::asio::awaitable<void> check_ended(subject s, settlement end, int deferrals = 0)
{
    const auto answer = co_await s.settle_and_claim({end}, 1);
    CHECK(answer.settlements == std::vector<settled>{settled::cancelled});
    CHECK(answer.claimed.empty());
    CHECK(answer.next_due == std::nullopt);
    CHECK(answer.drained);
    REQUIRE(ids(of(answer.news, cause::unfit)) == std::vector<std::string>{"a"});
    const auto read = co_await s.get("a");
    auto shown = read;
    shown.attempts.clear();
    CHECK(describe(*of(answer.news, cause::unfit)[0].job) == describe(shown));
    CHECK(read.state == job_state::failed);
    CHECK(read.failed_reason == "cancelled: no more");
    CHECK(read.cancelled == std::nullopt);
    CHECK(read.finished_at == s.now());
    CHECK(read.run_at == std::nullopt);
    CHECK(read.locked_until == std::nullopt);
    check_counters(read, 1, 1, 0, deferrals);
    REQUIRE(read.attempts.size() == 1);
    CHECK(read.attempts[0].number == 1);
    CHECK(read.attempts[0].error.message == "cancelled: no more");
    CHECK(read.attempts[0].error.type == "cofila::cancelled");
    CHECK(read.attempts[0].worker == worker_id);
    const auto repeated = co_await s.settle(end);
    CHECK(repeated == settled::already);
}

}  // namespace cofila::test
