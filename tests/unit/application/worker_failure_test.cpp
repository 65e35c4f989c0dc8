#include <boost/asio/error.hpp>
#include <boost/describe/enum.hpp>
#include <boost/exception/errinfo_errno.hpp>
#include <boost/exception/info.hpp>
#include <boost/throw_exception.hpp>

#include <exception>
#include <functional>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

#include "app.hpp"
#include "recorder.hpp"
#include "runtime/describe_exception.hpp"

using namespace cofila;
using namespace cofila::test;

TEST_SUITE_BEGIN("worker: failures");

namespace {

using int_job = job<int, int>;

enum class verdict { innocent, guilty };
BOOST_DESCRIBE_ENUM(verdict, innocent, guilty)

struct own_error : std::exception, boost::exception {
    const char* what() const noexcept override { return "own"; }
};

struct silent_error : std::exception {
    const char* what() const noexcept override { return nullptr; }
};

struct not_std {};

struct own_unrecoverable : unrecoverable_error {
    using unrecoverable_error::unrecoverable_error;
};

[[noreturn]] void throw_nested()
{
    try {
        try {
            throw std::out_of_range{"innermost"};
        } catch (...) {
            std::throw_with_nested(std::logic_error{"middle"});
        }
    } catch (...) {
        std::throw_with_nested(std::runtime_error{"outer"});
    }
}

struct thrown {
    std::string name;
    std::function<void()> act;
    failure expected;
};

const std::vector<thrown>& exceptions()
{
    static const std::vector<thrown> all{
        {"std::exception", [] { throw std::runtime_error{"boom"}; }, {.message = "boom", .type = "std::runtime_error"}},
        {"std::bad_alloc", [] { throw std::bad_alloc{}; }, {.message = "std::bad_alloc", .type = "std::bad_alloc"}},
        {"nested",
         throw_nested,
         {.message = "outer",
          .type = "std::_Nested_exception<std::runtime_error>",
          .detail = "caused by std::_Nested_exception<std::logic_error>: middle\ncaused by std::out_of_range: innermost"
         }},
        {"system_error",
         [] { throw boost::system::system_error{boost::asio::error::eof, "read"}; },
         {.message = "read: End of file [asio.misc:2]", .type = "boost::system::system_error"}},
        {"cofila::error",
         [] { throw error{errc::storage_full, "no space"}; },
         {.message = "no space", .type = "cofila::error"}},
        {"int", [] { throw 42; }, {.message = "exception of a type not derived from std::exception", .type = "unknown"}
        },
        {"struct",
         [] { throw not_std{}; },
         {.message = "exception of a type not derived from std::exception", .type = "unknown"}},
        {"const char*", [] { throw "text"; }, {.message = "text", .type = "const char*"}},
        {"null const char*", [] { throw static_cast<const char*>(nullptr); }, {.message = "", .type = "const char*"}},
        {"std::string", [] { throw std::string{"text"}; }, {.message = "text", .type = "std::string"}},
        {"what() returns nothing", [] { throw silent_error{}; }, {.message = ""}},
        {"unrecoverable_error",
         [] { throw unrecoverable_error{"no use"}; },
         {.message = "no use", .type = "cofila::unrecoverable_error", .unrecoverable = true}},
        {"derived from unrecoverable_error",
         [] { throw own_unrecoverable{"no use"}; },
         {.message = "no use", .unrecoverable = true}},
    };
    return all;
}

lines without(lines all, const std::string& line)
{
    std::erase(all, line);
    return all;
}

}  // namespace

QUEUE_CASE("F81: a processor may throw anything: the attempt fails, with text, type and detail, and the worker goes on")
{
    const auto act = [](int_job job) -> asio::awaitable<int> {
        exceptions().at(static_cast<std::size_t>(job.data())).act();
        co_return 0;
    };
    recorder own;
    shift worker{own, queue, act};
    for (std::size_t i = 0; i < exceptions().size(); ++i) {
        const auto& c = exceptions()[i];
        INFO(c.name);
        own.take();
        const auto added = co_await queue.add("x", static_cast<int>(i), {.attempts = 2, .backoff = backoff::fixed(1h)});
        co_await settle();
        const auto job = co_await stored(a, "q", added.id());
        CHECK(job.state == (c.expected.unrecoverable ? job_state::failed : job_state::delayed));
        CHECK(job.attempts_made == 1);
        REQUIRE(job.attempts.size() == 1);
        const auto& failed = job.attempts[0];
        CHECK(failed.number == 1);
        CHECK(failed.worker == worker.id());
        CHECK(failed.error.message == c.expected.message);
        if (!c.expected.type.empty())
            CHECK(failed.error.type == c.expected.type);
        CHECK(failed.error.detail == c.expected.detail);
        CHECK(failed.error.unrecoverable == c.expected.unrecoverable);
        CHECK(job.failed_reason == c.expected.message);
        CHECK(own.take().back() == "job_errored " + added.id().str() + " x " + c.expected.message);
    }
    co_await worker.finish();
}

QUEUE_CASE("what Boost attached to an exception is in the failure's detail")
{
    const auto act = [](int_job) -> asio::awaitable<int> {
        throw boost::enable_error_info(own_error{}) << boost::errinfo_errno{28};
        co_return 0;
    };
    shift worker{queue, act};
    co_await queue.add("x", 1, {.id = "a"});
    co_await settle();
    const auto job = co_await stored(a, "q", "a");
    CHECK(job.failed_reason == "own");
    REQUIRE(job.attempts.size() == 1);
    CHECK(job.attempts[0].error.detail.find("28, \"No space left on device\"") != std::string::npos);
    co_await worker.finish();
}

QUEUE_CASE("a processor that throws before its first suspension, or is no coroutine, fails the attempt too")
{
    const auto plain = [](int_job) -> asio::awaitable<int> { throw std::runtime_error{"at once"}; };
    shift worker{queue, plain};
    co_await queue.add("x", 1, {.id = "a"});
    co_await settle();
    const auto job = co_await stored(a, "q", "a");
    CHECK(job.failed_reason == "at once");
    co_await worker.finish();
}

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
