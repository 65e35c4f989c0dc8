#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "domain/stall_watch.hpp"
#include "support/print.hpp"

using namespace cofila;
using namespace std::chrono_literals;
using domain::stall_watch;

TEST_SUITE_BEGIN("stall_watch");

namespace {

constexpr time_point wall = std::chrono::sys_days{std::chrono::year{2030} / 1 / 1};
constexpr steady_time steady{std::chrono::hours{1}};

stall_watch::view lock(std::int64_t key, milliseconds left, std::string token = "t", bool owner_dead = false)
{
    return {
        .lock = {.key = key, .token = std::move(token), .locked_until = wall + left, .lock_duration = 30s},
        .owner_dead = owner_dead
    };
}

/// The keys of the stalled ones, `passed` after the start on both clocks, the wall's being off by `step`.
std::vector<std::int64_t> stalled(
    stall_watch& watch, std::vector<stall_watch::view> locks, milliseconds passed, milliseconds step = 0ms
)
{
    std::vector<std::int64_t> keys;
    for (const auto& row : watch.stalled(locks, wall + passed + step, steady + passed))
        keys.push_back(row.key);
    return keys;
}

using keys = std::vector<std::int64_t>;

}  // namespace

TEST_CASE("a lock stalls when it has expired and was seen unchanged for its duration, to the millisecond")
{
    stall_watch watch;
    CHECK(stalled(watch, {lock(1, 30s)}, 0s) == keys{});
    CHECK(stalled(watch, {lock(1, 30s)}, 15s) == keys{});
    CHECK(stalled(watch, {lock(1, 30s)}, 29'999ms) == keys{});
    CHECK(stalled(watch, {lock(1, 30s)}, 30s) == keys{1});
}

TEST_CASE("a lock that had expired before it was first seen is watched for its duration all the same")
{
    stall_watch watch;
    CHECK(stalled(watch, {lock(1, -24h)}, 0s) == keys{});
    CHECK(stalled(watch, {lock(1, -24h)}, 29'999ms) == keys{});
    CHECK(stalled(watch, {lock(1, -24h)}, 30s) == keys{1});
}

TEST_CASE("a lock that was watched for its duration does not stall before its end")
{
    stall_watch watch;
    CHECK(stalled(watch, {lock(1, 60s)}, 0s) == keys{});
    CHECK(stalled(watch, {lock(1, 60s)}, 59'999ms) == keys{});
    CHECK(stalled(watch, {lock(1, 60s)}, 60s) == keys{1});
}

TEST_CASE("a step of the wall clock by an hour, either way, stalls nobody who renews")
{
    for (const auto step : {milliseconds{1h}, milliseconds{-1h}}) {
        stall_watch watch;
        auto left = 30'000ms;
        // Renewed every 15 s, by a worker whose wall clock is stepped at 40 s as ours is.
        for (auto passed = 0ms; passed <= 300s; passed += 5s) {
            const auto off = passed >= 40s ? step : 0ms;
            if (passed % 15s == 0ms)
                left = passed + off + 30s;
            CHECK(stalled(watch, {lock(1, left)}, passed, off) == keys{});
        }
    }
}

TEST_CASE("after a step forward a lock that nobody renews still stalls by the steady clock")
{
    stall_watch watch;
    CHECK(stalled(watch, {lock(1, 30s)}, 0s) == keys{});
    CHECK(stalled(watch, {lock(1, 30s)}, 10s, 1h) == keys{});
    CHECK(stalled(watch, {lock(1, 30s)}, 29'999ms, 1h) == keys{});
    CHECK(stalled(watch, {lock(1, 30s)}, 30s, 1h) == keys{1});
}

TEST_CASE("after a step back it stalls once the wall clock is there again")
{
    stall_watch watch;
    CHECK(stalled(watch, {lock(1, 30s)}, 0s) == keys{});
    CHECK(stalled(watch, {lock(1, 30s)}, 30s, -1h) == keys{});
    CHECK(stalled(watch, {lock(1, 30s)}, 30s + 1h - 1ms, -1h) == keys{});
    CHECK(stalled(watch, {lock(1, 30s)}, 30s + 1h, -1h) == keys{1});
}

TEST_CASE("a lock whose owner is dead stalls at once")
{
    stall_watch watch;
    CHECK(stalled(watch, {lock(1, 30s, "t", true), lock(2, 30s)}, 0s) == keys{1});
    CHECK(stalled(watch, {lock(2, 30s, "t", true)}, 1s) == keys{2});
}

TEST_CASE("a new token starts the count anew")
{
    stall_watch watch;
    CHECK(stalled(watch, {lock(1, 1s, "a")}, 0s) == keys{});
    CHECK(stalled(watch, {lock(1, 1s, "b")}, 20s) == keys{});
    CHECK(stalled(watch, {lock(1, 1s, "b")}, 49'999ms) == keys{});
    CHECK(stalled(watch, {lock(1, 1s, "b")}, 50s) == keys{1});
}

TEST_CASE("a renewal starts the count anew, also one to an end that has passed")
{
    stall_watch watch;
    CHECK(stalled(watch, {lock(1, 1s)}, 0s) == keys{});
    CHECK(stalled(watch, {lock(1, 2s)}, 20s) == keys{});
    CHECK(stalled(watch, {lock(1, 2s)}, 49'999ms) == keys{});
    CHECK(stalled(watch, {lock(1, 2s)}, 50s) == keys{1});
}

TEST_CASE("a lock that was not there in between is seen for the first time again")
{
    stall_watch watch;
    CHECK(stalled(watch, {lock(1, 1s)}, 0s) == keys{});
    CHECK(stalled(watch, {}, 10s) == keys{});
    CHECK(stalled(watch, {lock(1, 1s)}, 31s) == keys{});
    CHECK(stalled(watch, {lock(1, 1s)}, 61s) == keys{1});
}

TEST_CASE("the duration of each lock is its own")
{
    stall_watch watch;
    auto quick = lock(1, 1s);
    quick.lock.lock_duration = 1s;
    const auto slow = lock(2, 1s);
    CHECK(stalled(watch, {quick, slow}, 0s) == keys{});
    CHECK(stalled(watch, {quick, slow}, 1s) == keys{1});
    CHECK(stalled(watch, {slow}, 29s) == keys{});
    CHECK(stalled(watch, {slow}, 30s) == keys{2});
}

TEST_CASE("a stalled lock comes back as it was seen")
{
    stall_watch watch;
    const auto dead = lock(7, 5s, "token", true);
    const auto rows = watch.stalled({dead}, wall, steady);
    REQUIRE(rows.size() == 1);
    CHECK(rows[0].key == 7);
    CHECK(rows[0].token == "token");
    CHECK(rows[0].locked_until == wall + 5s);
}

TEST_CASE("the next check is due when the first of the locks can stall")
{
    stall_watch watch;
    CHECK(watch.next_check() == std::nullopt);
    (void)watch.stalled({lock(1, 60s), lock(2, 40s)}, wall, steady);
    CHECK(watch.next_check() == steady + 40s);
    // Expired by the wall clock: the watch itself takes longer.
    (void)watch.stalled({lock(3, -1h)}, wall, steady);
    CHECK(watch.next_check() == steady + 30s);
    (void)watch.stalled({lock(3, -1h)}, wall + 10s, steady + 10s);
    CHECK(watch.next_check() == steady + 30s);
    (void)watch.stalled({}, wall + 10s, steady + 10s);
    CHECK(watch.next_check() == std::nullopt);
}

TEST_CASE("a check when it is due finds the lock stalled, and one before does not")
{
    for (const auto left : {milliseconds{-1h}, 0ms, 1ms, 29'999ms, 30'000ms, 30'001ms, milliseconds{1h}}) {
        stall_watch watch;
        CHECK(stalled(watch, {lock(1, left)}, 0s) == keys{});
        const auto due = watch.next_check();
        REQUIRE(due.has_value());
        const auto passed = std::chrono::duration_cast<milliseconds>(*due - steady);
        CHECK(stalled(watch, {lock(1, left)}, passed - 1ms) == keys{});
        CHECK(stalled(watch, {lock(1, left)}, passed) == keys{1});
        CHECK(watch.next_check() == std::nullopt);
    }
}

TEST_SUITE_END();
