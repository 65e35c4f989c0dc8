#include <chrono>
#include <optional>
#include <vector>

#include "domain/renewal_plan.hpp"
#include "support/print.hpp"

using namespace cofila;
using namespace std::chrono_literals;
using domain::lock_timing;

TEST_SUITE_BEGIN("renewal_plan");

namespace {

constexpr steady_time start{std::chrono::hours{1}};
constexpr lock_timing timing{.duration = 30s, .buffer = 10s};

}  // namespace

TEST_CASE("the locks are renewed when the earliest has no more than the buffer left")
{
    const std::vector<steady_time> one{start};
    CHECK(domain::next_renewal(one, timing) == start + 20s);
    const std::vector<steady_time> several{start + 5s, start + 1s, start + 9s};
    CHECK(domain::next_renewal(several, timing) == start + 21s);
    CHECK(domain::next_renewal(one, {.duration = 2ms, .buffer = 1ms}) == start + 1ms);
}

TEST_CASE("without locks there is nothing to renew") { CHECK(domain::next_renewal({}, timing) == std::nullopt); }

TEST_CASE("a lock is given up when its duration has passed since it was last asked for")
{
    CHECK_FALSE(domain::must_be_lost(start, start, timing));
    CHECK_FALSE(domain::must_be_lost(start, start + 30s - 1ns, timing));
    CHECK(domain::must_be_lost(start, start + 30s, timing));
    CHECK(domain::must_be_lost(start, start + 24h, timing));
}

TEST_CASE("a lock is renewed before it is given up")
{
    const std::vector<steady_time> asked{start};
    const auto due = domain::next_renewal(asked, {.duration = 30s, .buffer = 1ms});
    REQUIRE(due.has_value());
    CHECK_FALSE(domain::must_be_lost(start, *due, {.duration = 30s, .buffer = 1ms}));
}

TEST_CASE("the lock of an attempt that has ended is renewed for ten durations more, that of a running one without end")
{
    CHECK(domain::may_renew(std::nullopt, start + 24h, timing));
    CHECK(domain::may_renew(start, start, timing));
    CHECK(domain::may_renew(start, start + 300s - 1ns, timing));
    CHECK_FALSE(domain::may_renew(start, start + 300s, timing));
}

TEST_CASE("between two looks at the locks there are 50 ms at least, and twenty times what the look took")
{
    CHECK(domain::pause_after_look(0ms) == 50ms);
    CHECK(domain::pause_after_look(2500us) == 50ms);
    CHECK(domain::pause_after_look(10ms) == 200ms);
}

TEST_SUITE_END();
