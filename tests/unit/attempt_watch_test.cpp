#include <chrono>

#include "domain/attempt_watch.hpp"
#include "support/print.hpp"

using namespace cofila;
using namespace std::chrono_literals;
using domain::watched_attempt;

TEST_SUITE_BEGIN("attempt_watch");

TEST_CASE("what a worker sees of an attempt, and when it looks again")
{
    static constexpr auto stuck_after = 30'000ms;
    struct {
        const char* name;
        watched_attempt attempt;
        domain::alarm what;
        milliseconds next;  // where there is no alarm
    } const cases[] = {
        {"it begins", {}, domain::alarm::none, 1h},
        {"it runs", {.running = 20min}, domain::alarm::none, 40min},
        {"it runs nearly an hour", {.running = 1h - 1ms}, domain::alarm::none, 1ms},
        {"it runs an hour", {.running = 1h}, domain::alarm::long_running, {}},
        {"it runs for days", {.running = 72h}, domain::alarm::long_running, {}},
        {"it has run for an hour, which was reported", {.running = 1h, .told_of = true}, domain::alarm::none, 1h},
        {"it has a timeout", {.timeout = 5s}, domain::alarm::none, 5s},
        {"its time is nearly over", {.running = 4999ms, .timeout = 5s}, domain::alarm::none, 1ms},
        {"its time is over", {.running = 5s, .timeout = 5s}, domain::alarm::timed_out, {}},
        {"its time was over long ago", {.running = 2h, .timeout = 5s}, domain::alarm::timed_out, {}},
        {"a timeout of hours: a long run is not reported", {.running = 2h, .timeout = 3h}, domain::alarm::none, 1h},
        {"the longest timeout",
         {.running = 2h, .timeout = milliseconds::max()},
         domain::alarm::none,
         milliseconds::max() - 2h},
        {"it was asked to end", {.running = 5s, .timeout = 5s, .asked_to_end = 0ms}, domain::alarm::none, 30s},
        {"it does not end yet", {.running = 1min, .asked_to_end = 29'999ms}, domain::alarm::none, 1ms},
        {"it does not end", {.running = 1min, .asked_to_end = 30s}, domain::alarm::stuck, {}},
        {"it was asked to end long after an hour", {.running = 9h, .asked_to_end = 1s}, domain::alarm::none, 29s},
    };
    for (const auto& c : cases) {
        INFO(c.name);
        const auto look = domain::look_at(c.attempt, stuck_after);
        CHECK((look.what == c.what));
        if (c.what == domain::alarm::none)
            CHECK(look.next == c.next);
    }
}

TEST_SUITE_END();
