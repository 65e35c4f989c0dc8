// However it ends: nothing hangs, nothing is touched after its end, and what was started is done.
#include <cofila/engine.hpp>
#include <cofila/worker.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <exception>
#include <optional>
#include <stdexcept>

#include "async/task_group.hpp"
#include "integration/sqlite_support.hpp"
#include "support/error_of.hpp"
#include "support/print.hpp"
#include "support/run_coro.hpp"

namespace asio = boost::asio;
using namespace cofila;
using namespace cofila::test;
using namespace std::chrono_literals;

namespace {

struct close_fixture {
    temp_folder folder{};
    std::string path = folder.file("jobs.db");

    std::int64_t jobs() const { return ask(path, "SELECT count(*) FROM cofila_jobs"); }
};

template <class T>
asio::awaitable<void> ignore_answer(asio::awaitable<T> task)
{
    (void)co_await std::move(task);
}

/// A loop that a test stops at will.
class stopped_loop {
public:
    void spawn(asio::awaitable<void> task)
    {
        asio::co_spawn(io_, std::move(task), [](std::exception_ptr) {});
    }
    /// What the task throws comes out of `run`.
    void spawn_throwing(asio::awaitable<void> task)
    {
        asio::co_spawn(io_, std::move(task), [](std::exception_ptr error) {
            if (error)
                std::rethrow_exception(error);
        });
    }
    void run()
    {
        io_.restart();
        io_.run();
    }
    /// What is ready, and no more.
    void poll()
    {
        io_.restart();
        io_.poll();
    }

    std::shared_ptr<job_repository> open(sqlite::options chosen)
    {
        std::shared_ptr<job_repository> out;
        asio::co_spawn(
            io_,
            test::open(std::move(chosen)),
            [&](std::exception_ptr, std::shared_ptr<job_repository> made) { out = std::move(made); }
        );
        io_.run();
        REQUIRE(out);
        return out;
    }

private:
    asio::io_context io_{1};
};

}  // namespace

TEST_SUITE_BEGIN("sqlite close");

TEST_CASE_FIXTURE(close_fixture, "a repository that is dropped without close ends by itself, and its file is whole")
{
    run_coro([&]() -> asio::awaitable<void> {
        auto store = co_await open({.path = path});
        co_await store->add(one_job("a"));
        store.reset();
    });
    CHECK(jobs() == 1);
}

TEST_CASE_FIXTURE(close_fixture, "operations that are under way keep what they need")
{
    run_coro([&]() -> asio::awaitable<void> {
        auto store = co_await open({.path = path});
        task_group group{co_await asio::this_coro::executor};
        for (int i = 0; i < 50; ++i)
            group.spawn(add_as(store, std::to_string(i)));
        co_await settle();
        store.reset();
        co_await group.join();
    });
    CHECK(jobs() == 50);
}

TEST_CASE_FIXTURE(close_fixture, "a loop that is destroyed first ends the threads, and leaves the repository harmless")
{
    for (const bool polled : {false, true}) {
        auto loop = std::make_optional<stopped_loop>();
        auto store = loop->open({.path = path});
        for (int i = 0; i < 50; ++i)
            loop->spawn(add_as(store, std::to_string(i)));
        if (polled)
            loop->poll();
        loop->spawn(ignore_answer(store->changed_elsewhere()));
        loop.reset();
        store.reset();
    }
}

TEST_CASE_FIXTURE(close_fixture, "answers that nobody takes any more go with the loop, whoever goes first")
{
    for (const bool store_first : {false, true}) {
        auto loop = std::make_optional<stopped_loop>();
        auto store = loop->open({.path = path});
        for (int i = 0; i < 50; ++i)
            loop->spawn(add_as(store, std::to_string(i)));
        loop->spawn([](std::shared_ptr<job_repository> s) -> asio::awaitable<void> { co_await s->counts("q"); }(store));
        loop->poll();
        if (store_first)
            store.reset();
        loop.reset();
    }
}

TEST_CASE_FIXTURE(close_fixture, "a wait for changes may be under way when the loop is destroyed")
{
    auto loop = std::make_optional<stopped_loop>();
    auto store = loop->open({.path = path});
    loop->spawn(ignore_answer(store->changed_elsewhere()));
    for (int i = 0; i < 1000; ++i)
        loop->poll();
    SUBCASE("before the repository") { loop.reset(); }
    SUBCASE("after the repository") { store.reset(); }
}

TEST_CASE_FIXTURE(close_fixture, "an exception that leaves the loop costs nobody else his answer")
{
    stopped_loop loop;
    const auto store = loop.open({.path = path});
    int answered = 0;
    const auto add_and_throw = [](std::shared_ptr<job_repository> s, std::string id, int& count
                               ) -> asio::awaitable<void> {
        co_await add_as(std::move(s), std::move(id));
        ++count;
        throw std::runtime_error{"after the answer"};
    };
    for (int i = 0; i < 20; ++i)
        loop.spawn_throwing(add_and_throw(store, std::to_string(i), answered));
    for (bool thrown = true; thrown;) {
        thrown = false;
        try {
            loop.run();
        } catch (const std::exception&) {
            thrown = true;
        }
    }
    CHECK(answered == 20);
}

TEST_CASE_FIXTURE(close_fixture, "nothing waits for a busy file at the end")
{
    auto loop = std::make_optional<stopped_loop>();
    auto store = loop->open({.path = path, .operation_deadline = 1h});
    const file_holder other{path};
    loop->spawn(add_as(store, "a"));
    loop->poll();
    SUBCASE("the loop goes first") { loop.reset(); }
    SUBCASE("the repository goes first") { store.reset(); }
}

TEST_CASE_FIXTURE(close_fixture, "a file that another program never lets go holds up a close for a few deadlines only")
{
    constexpr milliseconds deadline{200};
    run_coro([&]() -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        auto engine =
            co_await engine::open({.database = path, .maintenance = std::nullopt, .operation_deadline = deadline});
        auto queue = engine.queue<int, int>("q");
        co_await queue.add("x", 1, {.id = "a"});
        std::optional<file_holder> other;
        event held{executor};
        const auto hold = [&](job<int, int>) -> asio::awaitable<int> {
            other.emplace(path);
            held.set();
            co_return 1;
        };
        worker<int, int> worker{queue, hold, {.grace = 100ms}};
        task_group running{executor};
        running.spawn(ignore_answer(worker.run()));
        co_await held.wait();
        const auto time = system_clock();
        const auto asked = time->steady_now();
        const auto report = co_await worker.close();
        const auto closed = time->steady_now();
        CHECK(report.unstored == std::vector<job_id>{"a"});
        co_await running.join();
        co_await engine.close();
        CHECK(other);  // still there
        const auto passed = [&](steady_time since, steady_time until) {
            return std::chrono::duration_cast<milliseconds>(until - since).count();
        };
        MESSAGE(
            "with an operation_deadline of 200 ms and a grace of 100 ms: the worker's close took "
            << passed(asked, closed) << " ms, the engine's " << passed(closed, time->steady_now()) << " ms"
        );
    });
}

TEST_CASE_FIXTURE(close_fixture, "closing twice at once is closing once")
{
    run_coro([&]() -> asio::awaitable<void> {
        auto store = co_await open({.path = path});
        task_group group{co_await asio::this_coro::executor};
        group.spawn(add_as(store, "a"));
        group.spawn(store->close());
        group.spawn(store->close());
        co_await group.join();
        const auto late = co_await error_of(store->get("q", "a"));
        CHECK(late.code == errc::closed);
    });
    CHECK(jobs() == 1);
}

TEST_CASE_FIXTURE(close_fixture, "an operation on a busy file fails after the deadline, and the repository goes on")
{
    run_coro([&]() -> asio::awaitable<void> {
        auto store = co_await open({.path = path, .operation_deadline = 20ms});
        auto other = std::make_optional<file_holder>(path);
        const auto busy = co_await error_of(store->add(one_job("a")));
        CHECK(busy.code == errc::storage_busy);
        const auto counts = co_await store->counts("q");  // reading goes on
        CHECK(counts == job_counts{});
        other.reset();
        co_await store->add(one_job("a"));
        co_await store->close();
    });
    CHECK(jobs() == 1);
}

TEST_CASE_FIXTURE(close_fixture, "a store that is refused leaves nothing running")
{
    execute(path, "CREATE TABLE theirs (a)");
    run_coro([&]() -> asio::awaitable<void> {
        const auto refused = co_await error_of(open({.path = path}));
        CHECK(refused.code == errc::storage_foreign);
    });
}

TEST_SUITE_END();
