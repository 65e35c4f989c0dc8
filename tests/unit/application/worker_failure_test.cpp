#include <boost/asio/error.hpp>

#include <stdexcept>
#include <string>
#include <vector>

#include "app.hpp"
#include "recorder.hpp"
#include "worker_failing.hpp"

using namespace cofila;
using namespace cofila::test;

TEST_SUITE_BEGIN("worker: failures");

namespace {

using int_job = job<int, int>;

}  // namespace

QUEUE_CASE("a failed attempt is tried again after an exponential backoff, to the millisecond")
{
    lines tried;
    const auto act = [&](int_job job) -> asio::awaitable<int> {
        tried.push_back(std::to_string(a.elapsed().count()) + " made " + std::to_string(job.attempts_made()));
        if (job.attempts_made() < 4)
            throw std::runtime_error{"boom"};
        co_return 7;
    };
    recorder events{queue.events()};
    recorder own;
    shift worker{own, queue, act};
    auto wait = backoff::exponential(100ms);
    wait.max = 350ms;
    co_await queue.add("x", 1, {.id = "a", .attempts = 5, .backoff = wait});
    co_await a.clock->pass(10s);
    CHECK(tried == lines{"0 made 0", "100 made 1", "300 made 2", "650 made 3", "1000 made 4"});
    CHECK(
        without(events.take(), "drained") ==
        lines{
            "added a x",
            "waiting a",
            "active a",
            "retrying a after 100 made 1 boom",
            "waiting a from delayed",
            "active a",
            "retrying a after 200 made 2 boom",
            "waiting a from delayed",
            "active a",
            "retrying a after 350 made 3 boom",
            "waiting a from delayed",
            "active a",
            "retrying a after 350 made 4 boom",
            "waiting a from delayed",
            "active a",
            "completed a 7"
        }
    );
    CHECK(
        own.take() ==
        lines{
            "ready",
            "job_active a x 1",
            "job_errored a x boom",
            "job_active a x 2",
            "job_errored a x boom",
            "job_active a x 3",
            "job_errored a x boom",
            "job_active a x 4",
            "job_errored a x boom",
            "job_active a x 5",
            "job_processed a x"
        }
    );
    const auto job = co_await stored(a, "q", "a");
    CHECK(job.attempts_made == 5);
    CHECK(job.attempts_started == 5);
    CHECK(job.attempts.size() == 4);
    co_await worker.finish();
}

QUEUE_CASE("the jitter of a backoff is drawn from the engine's source of chance")
{
    const auto act = [](int_job) -> asio::awaitable<int> {
        throw std::runtime_error{"boom"};
        co_return 0;
    };
    recorder events{queue.events()};
    shift worker{queue, act};
    auto wait = backoff::fixed(1s);
    wait.jitter = 1;
    co_await queue.add("x", 1, {.id = "a", .attempts = 2, .backoff = wait});
    co_await settle();
    // fixed_random counts from 1, so that a draw is next to nothing.
    CHECK(events.take().at(3) == "retrying a after 1000 made 1 boom");
    co_await worker.finish();
}

QUEUE_CASE("without a backoff a failed job goes to the tail, a lifo one to the head")
{
    lines ran;
    const auto act = [&](int_job job) -> asio::awaitable<int> {
        ran.push_back(job.id().str());
        if (job.attempts_made() == 0)
            throw std::runtime_error{"boom"};
        co_return 0;
    };
    for (const auto* id : {"a", "b"})
        co_await queue.add("x", 1, {.id = id, .priority = 1, .attempts = 2});
    co_await queue.add("x", 1, {.id = "lifo", .lifo = true, .attempts = 2});
    shift worker{queue, act};
    co_await settle();
    CHECK(ran == lines{"lifo", "lifo", "a", "b", "a", "b"});
    co_await worker.finish();
}

QUEUE_CASE("only the newest failed attempts are kept")
{
    const auto act = [](int_job job) -> asio::awaitable<int> {
        throw std::runtime_error{"boom " + std::to_string(job.attempts_made() + 1)};
        co_return 0;
    };
    shift worker{queue, act};
    co_await queue.add("x", 1, {.id = "a", .attempts = 5, .keep_attempts = 2});
    co_await settle();
    const auto job = co_await stored(a, "q", "a");
    CHECK(job.state == job_state::failed);
    CHECK(job.attempts_made == 5);
    REQUIRE(job.attempts.size() == 2);
    CHECK(job.attempts[0].error.message == "boom 4");
    CHECK(job.attempts[0].number == 4);
    CHECK(job.attempts[1].error.message == "boom 5");
    co_await worker.finish();
}

APP_CASE("a result that cannot be stored fails the attempt")
{
    auto queue = a.engine.queue<int, raw_json>("q", {.size_limit = 20});
    lines results{R"("fine")", "no JSON", std::string(30, '1'), "1e999", "", "1 2", std::string(65, '[')};
    const auto act = [&](job<int, raw_json> job) -> asio::awaitable<raw_json> {
        co_return raw_json{.text = results.at(static_cast<std::size_t>(job.data()))};
    };
    for (int i = 0; i < static_cast<int>(results.size()); ++i)
        co_await queue.add("x", i, {.id = std::to_string(i)});
    shift worker{queue, act};
    co_await settle();
    const auto counts = co_await queue.get_job_counts();
    CHECK(counts == job_counts{.completed = 1, .failed = results.size() - 1});
    const auto broken = co_await stored(a, "q", "1");
    CHECK(broken.failed_reason.starts_with("result is not JSON at byte "));
    CHECK(broken.attempts.at(0).error.type == "cofila::error");
    const auto large = co_await stored(a, "q", "2");
    CHECK(large.failed_reason.starts_with("result has 30 bytes"));
    co_await worker.finish();
}

QUEUE_CASE("an operation_aborted that nobody asked for is an ordinary failure")
{
    const auto act = [](int_job) -> asio::awaitable<int> {
        throw boost::system::system_error{boost::asio::error::operation_aborted};
        co_return 0;
    };
    recorder events{queue.events()};
    shift worker{queue, act};
    co_await queue.add("x", 1, {.id = "a", .attempts = 2});
    co_await settle();
    const auto job = co_await stored(a, "q", "a");
    CHECK(job.state == job_state::failed);
    CHECK(job.attempts_made == 2);
    const auto seen = events.take();
    CHECK(seen.size() == 8);
    CHECK(seen.at(3).starts_with("retrying a after 0 made 1 Operation canceled"));
    co_await worker.finish();
}

QUEUE_CASE("a failed job that its retention removes goes with the last attempt")
{
    const auto act = [](int_job) -> asio::awaitable<int> {
        throw std::runtime_error{"boom"};
        co_return 0;
    };
    recorder events{queue.events()};
    shift worker{queue, act};
    co_await queue.add("x", 1, {.id = "a", .attempts = 2, .on_failed = retention::remove_at_once()});
    co_await settle();
    const auto found = co_await queue.get_job("a");
    CHECK_FALSE(found);
    CHECK(
        events.take() ==
        lines{
            "added a x",
            "waiting a",
            "active a",
            "retrying a after 0 made 1 boom",
            "active a",
            "failed a boom",
            "retries_exhausted a 2",
            "removed a",
            "drained"
        }
    );
    co_await worker.finish();
}

TEST_SUITE_END();
