#pragma once
#include <boost/asio/awaitable.hpp>

#include <string>
#include <vector>

#include "contract/contract.hpp"

namespace cofila::test {

namespace asio = boost::asio;

inline job_options keeping(std::string id = "d")
{
    return {.dedup = deduplication{.id = std::move(id), .how = deduplication::mode::keep_last}};
}

/// "a" is active, and "kept" is kept for its end.
inline asio::awaitable<job_snapshot> with_one_kept(subject s, job_options owner = keeping())
{
    const auto job = co_await s.add_active("a", std::move(owner));
    const auto row = co_await s.add("kept", keeping());
    REQUIRE(row.deduplicated_by == job_id{"a"});
    REQUIRE(row.job->id == "kept");
    co_return job;
}

/// It waits, and owns the deduplication id.
inline asio::awaitable<void> check_freed(subject s)
{
    const auto kept = co_await s.get("kept");
    CHECK(kept.state == job_state::waiting);
    CHECK(kept.run_at == std::nullopt);
    CHECK(kept.kept_for == 0);
    CHECK(kept.holds_dedup);
    const auto refused = co_await s.add("later", {.dedup = deduplication{.id = "d"}});
    CHECK(refused.deduplicated_by == job_id{"kept"});
    const auto claimed = co_await s.claim(5);
    CHECK(ids(claimed) == std::vector<std::string>{"kept"});
}

}  // namespace cofila::test
