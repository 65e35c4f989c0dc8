// An engine on a PostgreSQL server, as applications use it, and its neighbours in other processes.
#include <cofila/cofila.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <csignal>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "support/child_process.hpp"
#include "support/error_of.hpp"
#include "support/postgres_schema.hpp"
#include "support/print.hpp"
#include "support/run_coro.hpp"

namespace asio = boost::asio;
using namespace cofila;
using namespace cofila::test;
using namespace std::chrono_literals;

TEST_SUITE_BEGIN("postgres_processes");

namespace {

using texts = queue<std::string, std::string>;

struct server_site {
    postgres_schema schema{};

    engine_options options() const
    {
        return {.database = postgres_target(), .maintenance = std::nullopt, .schema = schema.name()};
    }
    std::vector<std::string> child(const std::string& what) const
    {
        return {program("COFILA_TEST_CHILD"), what, postgres_target(), schema.name()};
    }

    /// Without maintenance, so that only the children sweep.
    void with_queue(std::function<asio::awaitable<void>(texts)> use) const
    {
        run_coro([this, &use]() -> asio::awaitable<void> {
            auto made = co_await engine::open(options());
            co_await use(made.queue<std::string, std::string>("texts"));
            co_await made.close();
        });
    }
    void add(const std::string& name) const
    {
        with_queue([&](texts queue) -> asio::awaitable<void> { co_await queue.add(name, "text", {.id = name}); });
    }
};

/// Ends the server's side of every other connection of the library.
void break_connections()
{
    postgres_schema::link().run("SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity "
                                "WHERE pid <> pg_backend_pid() AND application_name = 'cofila'");
}

}  // namespace

TEST_CASE("PostgreSQL: an engine opened by its address adds jobs and works on them")
{
    const server_site here;
    run_coro([&]() -> asio::awaitable<void> {
        auto made = co_await engine::open(here.options());
        auto queue = made.queue<std::string, std::string>("texts");
        const auto upper = [](job<std::string, std::string> job) -> asio::awaitable<std::string> {
            co_return job.data() + "!";
        };
        std::vector<job_spec<std::string>> many;
        for (int i = 0; i < 100; ++i)
            many.push_back({"job", std::to_string(i)});
        const auto jobs = co_await queue.add_bulk(many);
        worker<std::string, std::string> worker{queue, upper, {.concurrency = 10}};
        int completed = 0;
        worker.events().job_processed.connect([&](const job_processed_event&) {
            if (++completed == 100)
                worker.stop();
        });
        co_await worker.run();
        for (const auto& job : {jobs.front(), jobs.back()}) {
            const auto now = co_await queue.get_job(job.id);
            REQUIRE(now.has_value());
            CHECK(now->state() == job_state::completed);
            CHECK(now->result() == now->data() + "!");
        }
        co_await made.close();
    });
}

TEST_CASE("PostgreSQL: what was added survives the engine, and each schema is a store of its own")
{
    const server_site here;
    const server_site other;
    here.add("first");
    other.with_queue([](texts queue) -> asio::awaitable<void> {
        const auto counts = co_await queue.get_job_counts();
        CHECK(counts == job_counts{});
    });
    here.with_queue([](texts queue) -> asio::awaitable<void> {
        const auto counts = co_await queue.get_job_counts();
        CHECK(counts == job_counts{.waiting = 1});
    });
}

TEST_CASE("PostgreSQL: a worker that never polls hears of jobs that another process adds, and this one of their ends")
{
    const server_site here;
    child_process worker{here.child("idle")};
    worker.read_until("ready");
    here.with_queue([&](texts queue) -> asio::awaitable<void> {
        const auto first = co_await queue.add("first", "text", {.id = "first"});
        CHECK(worker.read_until("started") == "started first");
        const auto result = co_await queue.wait_until_finished(first.id(), 60s);
        CHECK(result == "worked");
        co_await queue.add("last", "text", {.id = "last"});
        worker.read_until("completed last");
    });
    CHECK(worker.wait() == 0);
}

TEST_CASE("PostgreSQL: after its connections have broken, an engine goes on with new ones")
{
    const server_site here;
    child_process worker{here.child("idle")};
    worker.read_until("ready");
    here.with_queue([&](texts queue) -> asio::awaitable<void> {
        co_await queue.add("first", "text", {.id = "first"});
        worker.read_until("completed first");
        break_connections();
        co_await queue.add("last", "text", {.id = "last"});
        worker.read_until("completed last");
        const auto counts = co_await queue.get_job_counts();
        CHECK(counts.active == 0);
    });
    CHECK(worker.wait() == 0);
}

TEST_CASE("PostgreSQL: a job whose worker is killed runs again in another process")
{
    const server_site here;
    here.add("last");
    child_process killed{here.child("hold")};
    CHECK(killed.read_until("started") == "started last");
    killed.send(SIGKILL);
    CHECK(killed.wait() == 128 + SIGKILL);
    child_process second{here.child("work")};
    CHECK(second.read_until("stalled") == "stalled last");
    second.read_until("completed last");
    CHECK(second.wait() == 0);
}

TEST_CASE("PostgreSQL: no password stands in the location, in errors or in the log")
{
    const server_site here;
    std::mutex mutex;
    std::string logged;
    auto options = here.options();
    options.database += " password=hunter2";
    options.logger = {.level = log_level::debug, .sink = [&](log_level, std::string_view line) {
                          const std::lock_guard lock{mutex};
                          logged += line;
                      }};
    run_coro([&]() -> asio::awaitable<void> {
        auto made = co_await engine::open(options);
        auto queue = made.queue<std::string, std::string>("texts");
        co_await queue.add("a", "text");
        here.schema.link().run("DROP SCHEMA " + here.schema.name() + " CASCADE");
        const auto lost = co_await error_of(queue.add("b", "text"));
        CHECK(lost.code == errc::storage_corrupt);
        CHECK(lost.text.find(here.schema.name()) != std::string::npos);
        logged += lost.text;
        co_await made.close();
        for (const auto* broken : {" user=nobody", " dbname=nowhere", " port=1", " hunter3", " sslmode=hunter2"}) {
            auto wrong = options;
            wrong.database += broken;
            INFO(broken);
            const auto refused = co_await error_of(engine::open(wrong));
            CHECK(refused.code);
            logged += refused.text;
        }
    });
    CHECK(logged.find("hunter2") == std::string::npos);
}

TEST_CASE("PostgreSQL: options that do not fit are refused")
{
    run_coro([]() -> asio::awaitable<void> {
        const auto of_server = co_await error_of(engine::open({.database = "host=/tmp", .schema = "A"}));
        CHECK(of_server.field == "schema");
        const auto unreadable = co_await error_of(engine::open({.database = "host=/tmp pasword=x"}));
        CHECK(unreadable.code == errc::invalid_argument);
        CHECK(unreadable.field == "database");
    });
    const server_site here;
    run_coro([&]() -> asio::awaitable<void> {
        auto options = here.options();
        options.migrate = false;
        const auto refused = co_await error_of(engine::open(options));
        CHECK(refused.code == errc::storage_readonly);
    });
}

TEST_SUITE_END();
