#include <cofila/run_main.hpp>
#include <cofila/stop_on_signal.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <signal.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

#include "app.hpp"
#include "recorder.hpp"

using namespace cofila;
using namespace cofila::test;

TEST_SUITE_BEGIN("run_main and stop_on_signal");

namespace {

using int_job = job<int, int>;

/// What `call` writes on standard error.
std::string standard_error_of(const std::function<void()>& call)
{
    std::array<int, 2> ends{};
    REQUIRE(::pipe(ends.data()) == 0);
    std::fflush(stderr);
    const int kept = ::dup(STDERR_FILENO);
    ::dup2(ends[1], STDERR_FILENO);
    ::close(ends[1]);
    call();
    std::fflush(stderr);
    ::dup2(kept, STDERR_FILENO);
    ::close(kept);
    std::string text(4096, '\0');
    const auto length = ::read(ends[0], text.data(), text.size());
    ::close(ends[0]);
    text.resize(static_cast<std::size_t>(std::max<ssize_t>(length, 0)));
    return text;
}

bool is_default(int signal)
{
    struct sigaction now{};
    ::sigaction(signal, nullptr, &now);
    return now.sa_handler == SIG_DFL;
}

asio::awaitable<void> throw_it(std::function<void()> act)
{
    act();
    co_return;
}

/// A worker whose job waits until it is cancelled.
struct busy_worker {
    busy_worker(const app& a, queue<int, int> queue, milliseconds grace)
        : never{a.executor},
          worker{queue, processor_of(), {.grace = grace}},
          run{worker}
    {}

    processor<int, int> processor_of()
    {
        return [this](int_job) -> asio::awaitable<int> {
            co_await never.pass();
            co_return 1;
        };
    }

    door never;
    cofila::worker<int, int> worker;
    running run;
};

}  // namespace

TEST_CASE("run_main returns what the program's coroutine returned, and 0 where that is nothing")
{
    const auto code = [](int returned) -> asio::awaitable<int> { co_return returned; };
    CHECK(run_main(code(0)) == 0);
    CHECK(run_main(code(7)) == 7);
    const auto nothing = []() -> asio::awaitable<void> { co_return; };
    CHECK(run_main(nothing()) == 0);
}

TEST_CASE("run_main reports what the program throws on standard error, and returns 1")
{
    struct thrown {
        std::function<void()> act;
        std::string expected;
    };
    const thrown cases[] = {
        {[] { throw std::runtime_error{"boom"}; }, "error: boom\n"},
        {[] { throw error{errc::invalid_argument, "database", "must name a file"}; },
         "error: database must name a file\n"},
        {[] { throw 42; }, "error: exception of a type not derived from std::exception\n"},
    };
    for (const auto& c : cases) {
        int code = 0;
        CHECK(standard_error_of([&] { code = run_main(throw_it(c.act)); }) == c.expected);
        CHECK(code == 1);
    }
}

TEST_CASE("run_main runs one thread until nothing is left to do, also after the program's coroutine has returned")
{
    int steps = 0;
    const auto straggler = [&]() -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        for (; steps < 5; ++steps)
            co_await asio::post(executor, asio::use_awaitable);
    };
    const auto app = [&]() -> asio::awaitable<int> {
        const auto executor = co_await asio::this_coro::executor;
        asio::co_spawn(executor, straggler(), [](const std::exception_ptr&) {});
        co_return 3;
    };
    CHECK(run_main(app()) == 3);
    CHECK(steps == 5);
}

TEST_CASE("run_main reports what a handler throws that is not the program's coroutine, and returns 1")
{
    const auto app = []() -> asio::awaitable<int> {
        const auto executor = co_await asio::this_coro::executor;
        asio::post(executor, [] { throw std::runtime_error{"handler"}; });
        co_return 3;
    };
    int code = 0;
    CHECK(standard_error_of([&] { code = run_main(app()); }) == "error: handler\n");
    CHECK(code == 1);
}

TEST_CASE("a program that throws while its engine is open ends, and does not wait for what the engine had to do")
{
    bool cancelled = false;
    const auto app = [&]() -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        auto engine = co_await engine::open({.repository = memory_repository()});
        auto queue = engine.queue<int, int>("q");
        event started{executor};
        const auto act = [&started, &cancelled, executor](int_job job) -> asio::awaitable<int> {
            door never{executor};
            started.set();
            const auto e = co_await error_of(never.pass());
            cancelled = job.cancelled();
            throw boost::system::system_error{e.code};
        };
        worker<int, int> worker{queue, act};
        running run{worker};
        co_await queue.add("x", 1);
        co_await queue.add("x", 1, {.delay = 24h});
        co_await started.wait();
        throw std::runtime_error{"boom"};
    };
    int code = 0;
    CHECK(standard_error_of([&] { code = run_main(app()); }) == "error: boom\n");
    CHECK(code == 1);
    CHECK(cancelled);
}

TEST_CASE("the first signal stops all workers with their grace, the second without, and the third is not caught")
{
    for (const auto& signals : {std::pair{SIGINT, SIGTERM}, {SIGTERM, SIGTERM}}) {
        run_app([signals](app& a, queue<int, int> queue) -> asio::awaitable<void> {
            for (const auto* id : {"a", "b", "c"})
                co_await queue.add("x", 1, {.id = id});
            busy_worker one{a, queue, 10s};
            busy_worker two{a, queue, 20s};
            busy_worker three{a, queue, 30s};
            co_await settle();
            {
                stop_on_signal guard{one.worker, two.worker, three.worker};
                CHECK_FALSE(is_default(SIGINT));
                CHECK_FALSE(is_default(SIGTERM));
                ::raise(signals.first);
                co_await a.clock->pass(9'999ms);
                CHECK_FALSE(one.run.ended());
                co_await a.clock->pass(1ms);
                CHECK(one.run.ended());
                CHECK_FALSE(two.run.ended());
                CHECK_FALSE(is_default(signals.second));
                ::raise(signals.second);
                co_await settle();
                CHECK(two.run.ended());
                CHECK(three.run.ended());
                CHECK(is_default(SIGINT));
                CHECK(is_default(SIGTERM));
            }
            const auto report = co_await three.run.join();
            CHECK(report.cancelled == ids({"c"}));
            co_await one.run.join();
            co_await two.run.join();
        });
    }
}

QUEUE_CASE("a guard that goes before any signal leaves the workers alone and the signals as they were")
{
    co_await queue.add("x", 1, {.id = "a"});
    busy_worker one{a, queue, 10s};
    co_await settle();
    {
        stop_on_signal guard{one.worker};
    }
    CHECK(is_default(SIGINT));
    CHECK(is_default(SIGTERM));
    co_await settle();
    CHECK(one.never.waiting() == 1);
    CHECK_FALSE(one.run.ended());
    one.never.open();
    co_await one.worker.close();
    co_await one.run.join();
}

TEST_SUITE_END();
