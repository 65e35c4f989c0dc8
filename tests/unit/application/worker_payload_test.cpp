// Payloads and results that are not what they should be.
#include <boost/describe/enum.hpp>

#include <string>
#include <vector>

#include "app.hpp"
#include "recorder.hpp"
#include "worker_failing.hpp"

using namespace cofila;
using namespace cofila::test;

TEST_SUITE_BEGIN("worker: failures");

namespace {

enum class verdict { innocent, guilty };
BOOST_DESCRIBE_ENUM(verdict, innocent, guilty)

}  // namespace

APP_CASE("a result that cannot be encoded fails the attempt")
{
    auto queue = a.engine.queue<int, verdict>("q");
    const auto act = [](job<int, verdict> job) -> asio::awaitable<verdict> {
        co_return static_cast<verdict>(job.data());
    };
    co_await queue.add("x", 1, {.id = "named"});
    co_await queue.add("x", 2, {.id = "unnamed"});
    shift worker{queue, act};
    co_await settle();
    const auto named = co_await stored(a, "q", "named");
    CHECK(named.result == R"("guilty")");
    const auto unnamed = co_await stored(a, "q", "unnamed");
    CHECK(unnamed.state == job_state::failed);
    CHECK(unnamed.failed_reason == "result cannot be stored: $ is 2, which is none of the enumeration's names");
    co_await worker.finish();
}

APP_CASE("a result that cannot be converted fails the attempt")
{
    auto queue = a.engine.queue<int, std::string>("q");
    const auto act = [](job<int, std::string>) -> asio::awaitable<std::string> { co_return "\xFF"; };
    shift worker{queue, act};
    co_await queue.add("x", 1, {.id = "a"});
    co_await settle();
    const auto job = co_await stored(a, "q", "a");
    CHECK(job.state == job_state::failed);
    CHECK(job.result.empty());
    co_await worker.finish();
}

APP_CASE("F77: a payload that cannot be decoded fails the attempt by the normal way, naming the place")
{
    auto producer = a.engine.queue<std::vector<std::string>, int>("q");
    auto queue = a.engine.queue<std::vector<int>, int>("q");
    const auto act = [](job<std::vector<int>, int> job) -> asio::awaitable<int> {
        co_return static_cast<int>(job.data().size());
    };
    recorder events{queue.events()};
    shift worker{queue, act};
    std::vector<std::string> data{"1"};
    co_await producer.add("x", std::move(data), {.id = "a", .attempts = 2, .backoff = backoff::fixed(1s)});
    co_await a.clock->pass(1s);
    const auto job = co_await stored(a, "q", "a");
    CHECK(job.state == job_state::failed);
    CHECK(job.attempts_made == 2);
    CHECK(job.failed_reason == "$[0]: value is not a number");
    CHECK(
        without(events.take(), "drained") ==
        lines{
            "added a x",
            "waiting a",
            "active a",
            "retrying a after 1000 made 1 $[0]: value is not a number",
            "waiting a from delayed",
            "active a",
            "failed a $[0]: value is not a number",
            "retries_exhausted a 2"
        }
    );
    co_await worker.finish();
}

TEST_SUITE_END();
