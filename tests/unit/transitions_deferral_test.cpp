#include <chrono>
#include <optional>

#include "domain/transitions.hpp"
#include "support/new_year.hpp"
#include "support/print.hpp"
#include "used_job.hpp"

using namespace cofila;
using namespace cofila::test;
using namespace std::chrono_literals;
using placement = transition::placement;

TEST_SUITE_BEGIN("transitions: changes");

TEST_CASE("a deferral moves the job to its time, or to its old place, and counts as one")
{
    struct {
        const char* name;
        deferral when;
        std::optional<time_point> run_at;
        std::optional<time_point> rests_until;
    } const cases[] = {
        {"for a while", delay_for{.wait = 5s}, new_year + 5s, {}},
        {"for no time", delay_for{}, {}, {}},
        {"for less than no time", delay_for{.wait = -1s}, {}, {}},
        {"for ever", delay_for{.wait = milliseconds::max()}, time_point::max(), {}},
        {"until later", delay_until{.at = new_year + 1ms}, new_year + 1ms, {}},
        {"until now", delay_until{.at = new_year}, {}, {}},
        {"until before", delay_until{.at = time_point::min()}, {}, {}},
        {"limited", rate_limited{.wait = 5s}, {}, new_year + 5s},
        {"limited for no time", rate_limited{}, {}, new_year},
        {"limited for less than no time", rate_limited{.wait = milliseconds::min()}, {}, new_year},
        {"limited for ever", rate_limited{.wait = milliseconds::max()}, {}, time_point::max()},
    };
    for (const auto& c : cases) {
        INFO(c.name);
        const auto change = domain::after_deferral(job_in(job_state::active), c.when, new_year);
        CHECK(change.to == (c.run_at ? job_state::delayed : job_state::waiting));
        CHECK(change.run_at == c.run_at);
        CHECK(change.queue_rests_until == c.rests_until);
        CHECK(change.place == placement::keep);
        CHECK(change.finished_at == std::nullopt);
        CHECK_FALSE(change.failed_attempt.has_value());
        check_counters(change, 2, 1, 6);
    }
}

TEST_CASE("one deferral too many is the end, and limits nobody")
{
    for (const int most : {0, 5, 6}) {
        const auto job = job_in(job_state::active, {.on_failed = retention::remove_at_once(), .max_deferrals = most});
        const auto change = domain::after_deferral(job, rate_limited{.wait = 5s}, new_year);
        CHECK(change.to == (most > 5 ? job_state::waiting : job_state::failed));
        if (most > 5)
            continue;
        CHECK(change.failed_reason == "job put off more than allowable limit");
        CHECK(change.queue_rests_until == std::nullopt);
        CHECK(change.finished_at == new_year);
        CHECK(change.remove);
        CHECK_FALSE(change.retries_exhausted);
        check_counters(change, 2, 1, 5);
    }
}

TEST_SUITE_END();
