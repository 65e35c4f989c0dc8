#pragma once
#include <boost/asio/awaitable.hpp>

#include <utility>
#include <vector>

#include "contract/contract.hpp"

namespace cofila::test {

inline boost::asio::awaitable<renewal> renew(subject s, job_snapshot job)
{
    std::vector<lock_extension> locks{{.job = claim_of(job), .duration = lock_duration}};
    const auto answers = co_await s->extend_locks(s.now(), std::move(locks));
    REQUIRE(answers.size() == 1);
    co_return answers.front();
}

}  // namespace cofila::test
