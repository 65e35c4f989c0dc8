#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "app.hpp"
#include "recorder.hpp"

using namespace cofila;
using namespace cofila::test;

TEST_SUITE_BEGIN("engine: handles that go without a close");

namespace {

using int_job = job<int, int>;

/// Another engine on the app's store, which sweeps.
asio::awaitable<std::unique_ptr<engine>> another(app& a)
{
    auto options = a.options();
    options.maintenance = maintenance_options{.interval = 5s};
    co_return std::make_unique<engine>(co_await engine::open(std::move(options)));
}

}  // namespace

APP_CASE("destroying an engine cancels its jobs, gives them back, and ends all its tasks; its store is not closed")
{
    auto engine = co_await another(a);
    auto queue = engine->queue<int, int>("q");
    co_await queue.add("x", 1, {.id = "a"});
    door never{a.executor};
    bool told = false;
    const auto act = [&](int_job job) -> asio::awaitable<int> {
        const auto e = co_await error_of(never.pass());
        told = job.cancelled();
        throw boost::system::system_error{e.code};
    };
    shift worker{queue, act};
    co_await settle();
    CHECK(never.waiting() == 1);
    engine.reset();
    co_await settle();
    CHECK(worker.ended());
    CHECK(told);
    CHECK(a.elapsed() == 0ms);
    CHECK(a.clock->sleepers() == 0);
    CHECK(a.store->calls(op::close) == 0);
    const auto report = co_await worker.join();
    CHECK(report.cancelled == ids({"a"}));

    const auto e = co_await error_of(queue.add("x", 1));
    CHECK(e.code == errc::closed);
    const auto job = co_await a.engine.queue<int, int>("q").get_job("a");
    REQUIRE(job);
    CHECK(job->state() == job_state::waiting);
    CHECK(job->attempts_made() == 0);
}

TEST_CASE("an engine may be destroyed while the store has not answered its sweep, its claim and its caller")
{
    for (const auto sweeping : {op::tend, op::locks}) {
        INFO(static_cast<int>(sweeping));
        run_app([sweeping](app& a) -> asio::awaitable<void> {
            for (const auto which : {sweeping, op::sweep, op::settle, op::add})
                a.store->hold_answer(which);
            auto engine = co_await another(a);
            auto queue = engine->queue<int, int>("q");
            const auto act = [](int_job) -> asio::awaitable<int> { co_return 1; };
            auto worker = std::make_unique<cofila::worker<int, int>>(queue, act);
            running run{*worker};
            bool added = false;
            const auto add = [&, queue]() -> asio::awaitable<void> {
                co_await queue.add("x", 1, {.id = "a"});
                added = true;
            };
            task_group tasks{a.executor};
            tasks.spawn(add());
            co_await settle();
            CHECK(a.store->held(sweeping) == 1);
            CHECK(a.store->held(op::settle) == 1);
            CHECK(a.store->held(op::add) == 1);
            engine.reset();
            worker.reset();
            co_await settle();
            CHECK_FALSE(added);
            for (const auto which : {sweeping, op::sweep, op::settle, op::add})
                a.store->let_go(which);
            co_await settle();
            CHECK(added);  // it was stored before the engine went
            co_await run.join();
            co_await tasks.join();
            CHECK(a.store->calls(op::sweep) == 0);
            CHECK(a.clock->sleepers() == 0);
        });
    }
}

APP_CASE("a queue, a job and a worker may outlive their engine")
{
    auto engine = co_await another(a);
    auto queue = engine->queue<int, int>("q");
    const auto job = co_await queue.add("x", 7, {.id = "a"});
    worker<int, int> worker{queue, [](int_job) -> asio::awaitable<int> { co_return 1; }};
    recorder events{queue.events()};
    engine.reset();
    co_await settle();
    CHECK(queue.name() == "q");
    CHECK(job.data() == 7);
    const auto refreshed = co_await error_of(job.refresh());
    CHECK(refreshed.code == errc::closed);
    const auto run = co_await error_of(worker.run());
    CHECK(run.code == errc::closed);
    co_await queue.close();
    co_await worker.close();
}

APP_CASE("an engine that is moved goes on, and one that is moved onto another takes its place")
{
    auto first = co_await another(a);
    auto queue = first->queue<int, int>("q");
    auto moved = std::make_unique<engine>(std::move(*first));
    first.reset();
    co_await queue.add("x", 1, {.id = "a"});
    CHECK(moved->queue<int, int>("q").core() == queue.core());

    auto second = co_await another(a);
    auto other = second->queue<int, int>("q");
    *moved = std::move(*second);
    second.reset();
    const auto e = co_await error_of(queue.add("x", 1));
    CHECK(e.code == errc::closed);
    const auto job = co_await other.get_job("a");
    CHECK(job.has_value());
    CHECK(moved->queue<int, int>("q").core() == other.core());
    co_await settle();
    CHECK(a.clock->sleepers() == 1);  // one maintenance is left
}

TEST_SUITE_END();
