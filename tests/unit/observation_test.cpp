#include <doctest/doctest.h>

#include <chrono>
#include <limits>
#include <memory>
#include <optional>

#include "domain/observation.hpp"
#include "support/new_year.hpp"
#include "support/print.hpp"

using namespace cofila;
using namespace cofila::test;
using namespace std::chrono_literals;

TEST_SUITE_BEGIN("observation");

namespace {

job_record some_job(job_state state)
{
    job_record job;
    job.id = job_id{"a"};
    job.name = "task";
    job.state = state;
    job.timestamp = new_year;
    return job;
}

}  // namespace

TEST_CASE("only what those who watch can see is told")
{
    const auto before = some_job(job_state::waiting);
    auto after = before;
    CHECK_FALSE(domain::event_of(&before, &after));
    after.priority = 3;
    after.data = "1";
    after.run_at = new_year;  // of a job that waits no time
    CHECK_FALSE(domain::event_of(&before, &after));
    after.progress = "50";
    const auto told = domain::event_of(&before, &after);
    REQUIRE(told);
    CHECK(told->what == logged_event::kind::progress);
    CHECK(told->text == "50");
}

TEST_CASE("a move is told rather than the progress that came with it")
{
    const auto before = some_job(job_state::active);
    auto after = some_job(job_state::failed);
    after.finished_at = new_year + 1ms;
    after.failed_reason = "boom";
    after.progress = "50";
    const auto told = domain::event_of(&before, &after);
    REQUIRE(told);
    CHECK(
        *told ==
        logged_event{
            .what = logged_event::kind::moved,
            .id = job_id{"a"},
            .from = job_state::active,
            .state = job_state::failed,
            .at = new_year + 1ms,
            .text = "boom"
        }
    );
}

TEST_CASE("an end is counted with the time of its attempt, which is never negative")
{
    auto before = some_job(job_state::active);
    auto after = some_job(job_state::completed);
    after.processed_at = new_year;
    minute_of_jobs minute;
    for (const auto took : {5ms, 3ms, -2ms}) {  // a clock may be set back
        after.finished_at = new_year + took;
        domain::count_end(before, after, minute);
    }
    CHECK(minute.completed == finished_jobs{.count = 3, .total = 8ms, .longest = 5ms});
    before.state = job_state::waiting;
    after.state = job_state::failed;
    after.finished_at = new_year + 9ms;
    domain::count_end(before, after, minute);
    CHECK(minute.failed == finished_jobs{.count = 1});
}

TEST_CASE("a job waits since the latest of its times, and a stored time that makes no sense does no harm")
{
    auto job = some_job(job_state::waiting);
    CHECK(domain::waited(job, new_year + 5ms) == 5ms);
    job.due_at = new_year + 2ms;
    CHECK(domain::waited(job, new_year + 5ms) == 3ms);
    job.processed_at = new_year + 4ms;
    CHECK(domain::waited(job, new_year + 5ms) == 1ms);
    CHECK(domain::waited(job, new_year) == 0ms);
    constexpr auto least = time_point::min();
    job = some_job(job_state::waiting);
    job.timestamp = least;
    CHECK(domain::waited(job, new_year) == new_year.time_since_epoch());
    job.due_at = time_point::max();
    CHECK(domain::waited(job, new_year) == 0ms);
    CHECK(domain::waited(job, least) == 0ms);
}

TEST_CASE("the minutes of a range are those that begin in it, of the kept ones")
{
    const auto minute = domain::minute_of(new_year);
    const auto of = [&](metrics_range range, int kept = 10) { return domain::minutes_in(range, new_year + 30s, kept); };
    CHECK(of({}).begin == minute - 9);
    CHECK(of({}).contain(minute + 100));  // the clock may have been set back
    CHECK(of({.since = new_year}).begin == minute);
    CHECK(of({.since = new_year + 1ms}).begin == minute + 1);
    CHECK(of({.since = new_year - 1h}).begin == minute - 9);
    CHECK(of({.before = new_year}).end == minute);
    CHECK(of({.before = new_year + 1ms}).end == minute + 1);
    CHECK_FALSE(of({.before = new_year}).contain(minute));
    CHECK_FALSE(of({.since = time_point::max()}).contain(minute));
    CHECK_FALSE(of({.before = time_point::min()}).contain(minute));
    CHECK(of({}, 1).contain(minute));
    CHECK_FALSE(of({}, 1).contain(minute - 1));
}

TEST_SUITE_END();
