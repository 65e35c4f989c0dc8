#include <boost/asio/awaitable.hpp>

#include <optional>
#include <vector>

#include "contract/contract.hpp"

namespace asio = boost::asio;
using namespace cofila;
using namespace cofila::test;
using namespace std::chrono_literals;

TEST_SUITE_BEGIN("metrics");

namespace {

asio::awaitable<void> count_for(subject s, std::optional<int> minutes)
{
    return s->set(s.queue(), metrics_log{.minutes = minutes});
}

asio::awaitable<queue_metrics> metrics_of(subject s, metrics_range range = {})
{
    return s->metrics(s.queue(), s.now(), range);
}

asio::awaitable<void> run_one(subject s, std::string id, milliseconds took, bool fail = false)
{
    const auto job = co_await s.add_active(std::move(id));
    s.pass(took);
    (void)co_await s.settle(fail ? s.failing(job) : s.completion(job));
}

/// Lets time pass to the beginning of a minute.
void begin_minute(subject& s) { s.pass(60s - s.now().time_since_epoch() % 60s); }

}  // namespace

CONTRACT_CASE("nothing is counted unless the queue is told to")
{
    co_await run_one(s, "a", 1ms);
    const auto found = co_await metrics_of(s);
    CHECK(found == queue_metrics{});
    const auto unknown = co_await s->metrics("never seen", s.now(), {});
    CHECK(unknown == queue_metrics{});
}

CONTRACT_CASE("jobs that end are counted by the minute of their end, with what their attempts took")
{
    begin_minute(s);
    const auto start = s.now();
    co_await count_for(s, 10);
    co_await run_one(s, "a", 10ms);
    co_await run_one(s, "b", 30ms);
    co_await run_one(s, "c", 5ms, true);
    s.pass(60s);
    co_await run_one(s, "d", 20ms);
    const auto found = co_await metrics_of(s);
    CHECK(
        found.minutes ==
        std::vector<minute_of_jobs>{
            {.start = start,
             .completed = {.count = 2, .total = 40ms, .longest = 30ms},
             .failed = {.count = 1, .total = 5ms, .longest = 5ms}},
            {.start = start + 60s, .completed = {.count = 1, .total = 20ms, .longest = 20ms}}
        }
    );
    const auto others = co_await s->metrics("other", s.now(), {});
    CHECK(others.minutes.empty());
}

CONTRACT_CASE("a minute is told as long as it is one of the last, also where nothing ends any more")
{
    begin_minute(s);
    co_await count_for(s, 10);
    co_await run_one(s, "a", 1ms);
    s.pass(9min);
    auto found = co_await metrics_of(s);
    CHECK(found.minutes.size() == 1);
    co_await count_for(s, 9);
    found = co_await metrics_of(s);
    CHECK(found.minutes.empty());
    co_await count_for(s, 10);
    s.pass(1min);
    found = co_await metrics_of(s);
    CHECK(found.minutes.empty());
}

CONTRACT_CASE("a range reports the minutes that begin in it")
{
    begin_minute(s);
    const auto start = s.now();
    co_await count_for(s, 3);
    for (const auto* id : {"a", "b", "c", "d"}) {
        co_await run_one(s, id, 1ms);
        s.pass(60s - 1ms);
    }
    s.pass(-60s);
    struct {
        metrics_range of;
        std::vector<int> minutes;
    } const cases[] = {
        {{}, {1, 2, 3}},
        {{.since = start}, {1, 2, 3}},
        {{.since = start + 2min}, {2, 3}},
        {{.since = start + 2min + 1ms}, {3}},
        {{.since = start + 4min}, {}},
        {{.before = start + 3min}, {1, 2}},
        {{.before = start + 3min + 1ms}, {1, 2, 3}},
        {{.before = start}, {}},
        {{.since = start + 2min, .before = start + 3min}, {2}},
        {{.since = start + 3min, .before = start + 2min}, {}},
        {{.since = time_point::min(), .before = time_point::max()}, {1, 2, 3}},
        {{.since = time_point::max(), .before = time_point::min()}, {}},
    };
    for (const auto& c : cases) {
        const auto found = co_await metrics_of(s, c.of);
        std::vector<int> minutes;
        for (const auto& minute : found.minutes)
            minutes.push_back(static_cast<int>((minute.start - start) / 1min));
        CHECK(minutes == c.minutes);
    }
}

CONTRACT_CASE("an attempt that is followed by another one is not counted, and a job that was removed as it ended is")
{
    co_await count_for(s, 10);
    auto job = co_await s.add_active("a", {.attempts = 2, .on_completed = retention::remove_at_once()});
    (void)co_await s.settle(s.failing(job));
    job = co_await s.claim_one();
    (void)co_await s.settle(s.completion(job));
    const auto found = co_await metrics_of(s);
    REQUIRE(found.minutes.size() == 1);
    CHECK(found.minutes[0].completed.count == 1);
    CHECK(found.minutes[0].failed.count == 0);
}

CONTRACT_CASE("a job that fails while it waits took no time, whatever its attempts did before")
{
    co_await count_for(s, 10);
    const auto job = co_await s.add_active("a", {.attempts = 2});
    (void)co_await s.settle(s.failing(job));
    s.pass(10ms);
    (void)co_await s.cancel(job_id{"a"}, "why");
    const auto found = co_await metrics_of(s);
    REQUIRE(found.minutes.size() == 1);
    CHECK(found.minutes[0].failed == finished_jobs{.count = 1});
}

CONTRACT_CASE("a minute is forgotten once a job ends later than the kept number of minutes")
{
    begin_minute(s);
    const auto start = s.now();
    co_await count_for(s, 2);
    co_await run_one(s, "a", 0ms);
    s.pass(60s);
    co_await run_one(s, "b", 0ms);
    const auto both = co_await metrics_of(s);
    CHECK(both.minutes.size() == 2);
    s.pass(60s);
    co_await run_one(s, "c", 0ms);
    const auto found = co_await metrics_of(s);
    REQUIRE(found.minutes.size() == 2);
    CHECK(found.minutes[0].start == start + 60s);
}

CONTRACT_CASE("what was counted is forgotten when counting ends, and when the queue is reset")
{
    co_await count_for(s, 10);
    co_await run_one(s, "a", 1ms);
    co_await count_for(s, {});
    co_await run_one(s, "b", 1ms);
    auto found = co_await metrics_of(s);
    CHECK(found.minutes.empty());
    co_await count_for(s, 10);
    co_await run_one(s, "c", 1ms);
    co_await s->reset_queue(s.queue());
    co_await run_one(s, "d", 1ms);
    found = co_await metrics_of(s);
    CHECK(found.minutes.empty());
}

CONTRACT_CASE("counting and the event log do not need one another")
{
    co_await count_for(s, 10);
    co_await s->set(s.queue(), event_log{.events = 10});
    co_await s->set(s.queue(), event_log{});
    co_await run_one(s, "a", 1ms);
    const auto found = co_await metrics_of(s);
    CHECK(found.minutes.size() == 1);
    const auto events = co_await s->events_after(s.queue(), 0, 10);
    CHECK(events.empty());
}

CONTRACT_CASE("the latency is how long the oldest job waits, by all priorities, and from both ends of their lines")
{
    co_await s.add("old", {.priority = 7});
    s.pass(4ms);
    co_await s.add("new");
    auto found = co_await metrics_of(s);
    CHECK(found.latency == 4ms);
    (void)co_await s.remove(job_id{"old"});
    s.pass(1ms);
    co_await s.add("first", {.lifo = true});
    found = co_await metrics_of(s);
    CHECK(found.latency == 1ms);
    (void)co_await s.claim(2);
    found = co_await metrics_of(s);
    CHECK(found.latency == 0ms);
}

CONTRACT_CASE("a delay is not latency, nor is the time before an attempt")
{
    co_await s.add("a", {.delay = 10ms});
    s.pass(12ms);
    (void)co_await s.sweep();
    auto found = co_await metrics_of(s);
    CHECK(found.latency == 2ms);
    const auto job = co_await s.claim_one();
    s.pass(5ms);
    (void)co_await s.settle(s.release(job));
    found = co_await metrics_of(s);
    CHECK(found.latency == 5ms);
    co_await s.add("b", {.delay = 1h});
    (void)co_await s.remove(job_id{"a"});
    (void)co_await s.promote(job_id{"b"});
    found = co_await metrics_of(s);
    CHECK(found.latency == 0ms);
}

TEST_SUITE_END();
