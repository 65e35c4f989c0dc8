// PgBouncer in transaction mode, where one connection of the server serves several of ours in turn. Without the program
// (or COFILA_TEST_PGBOUNCER, its path) there is nothing to test.
#include <cofila/cofila.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "support/child_process.hpp"
#include "support/postgres_cluster.hpp"
#include "support/postgres_schema.hpp"
#include "support/run_coro.hpp"

namespace asio = boost::asio;
using namespace cofila;
using namespace cofila::test;

TEST_SUITE_BEGIN("postgres_pooler");

namespace {

std::string pooler_program()
{
    const char* const given = std::getenv("COFILA_TEST_PGBOUNCER");
    const std::string path = given ? given : "/usr/sbin/pgbouncer";
    return std::filesystem::exists(path) ? path : "";
}

/// Lends two connections of a server out, for a transaction each.
class pooler {
public:
    pooler()
    {
        std::ofstream{folder_.file("ini")} << "[databases]\npostgres = host=" << server_.folder()
                                           << " user=tester\n[pgbouncer]\nlisten_addr =\n"
                                           << "unix_socket_dir = " << folder_.path().string()
                                           << "\nauth_type = any\npool_mode = transaction\ndefault_pool_size = 2\n";
        give_away(folder_.path().string());
        std::vector<std::string> command{"/bin/sh", "-c", "exec \"$0\" \"$@\" 2>&1"};
        const auto program = bound_to_us("QUIT", {pooler_program(), folder_.file("ini")});
        command.insert(command.end(), program.begin(), program.end());
        running_.emplace(command);
        while (running_->read_line().find("process up") == std::string::npos) {}
    }

    std::string target()
    {
        running_->take_lines();
        server_.drop_log();
        return "host=" + folder_.path().string() + " port=6432 user=tester dbname=postgres";
    }

private:
    postgres_cluster server_{};
    const temp_folder folder_{};
    std::optional<child_process> running_{};
};

using texts = queue<std::string, std::string>;

asio::awaitable<std::string> echo(job<std::string, std::string> job) { co_return job.data(); }

/// Two engines beside each other, each with a worker on its own queue.
asio::awaitable<void> work(engine_options options)
{
    auto first = co_await engine::open(options);
    auto second = co_await engine::open(options);
    for (auto* one : {&first, &second}) {
        auto queue = one->queue<std::string, std::string>(one == &first ? "first" : "second");
        for (int i = 0; i < 20; ++i)
            co_await queue.add("text", std::to_string(i));
        worker<std::string, std::string> worker{queue, echo, {.concurrency = 3}};
        int completed = 0;
        worker.events().job_processed.connect([&](const job_processed_event&) {
            if (++completed == 20)
                worker.stop();
        });
        co_await worker.run();
        const auto counts = co_await queue.get_job_counts();
        CHECK(counts == job_counts{.completed = 20});
    }
    auto theirs = second.queue<std::string, std::string>("first");
    const auto added = co_await theirs.add("text", "later");
    worker<std::string, std::string> worker{first.queue<std::string, std::string>("first"), echo};
    worker.events().job_processed.connect([&](const job_processed_event&) { worker.stop(); });
    co_await worker.run();
    const auto result = co_await theirs.wait_until_finished(added.id(), std::chrono::seconds{30});
    CHECK(result == "later");
    co_await first.close();
    co_await second.close();
}

}  // namespace

TEST_CASE("PostgreSQL: behind PgBouncer in transaction mode everything works, as asked for or found out")
{
    if (pooler_program().empty()) {
        MESSAGE("skipped: there is no pgbouncer");
        return;
    }
    pooler server;
    std::mutex mutex;
    int warnings = 0;
    engine_options options{.database = server.target()};
    options.logger = {.level = log_level::warning, .sink = [&](log_level, std::string_view line) {
                          const std::lock_guard lock{mutex};
                          warnings += line.find("pooler") != std::string_view::npos ? 1 : 0;
                      }};
    SUBCASE("asked for")
    {
        options.database += " prepare=off";
        run_coro([&] { return work(options); });
        CHECK(warnings == 0);
    }
    SUBCASE("found out")
    {
        run_coro([&] { return work(options); });
        CHECK(warnings >= 1);
        CHECK(warnings <= 2);  // each engine once
    }
}

TEST_SUITE_END();
