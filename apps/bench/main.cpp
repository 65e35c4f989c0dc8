// A first measure of speed: how long a worker takes to drain a queue of jobs whose processor does nothing.
#include <cofila/cofila.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/describe/class.hpp>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <random>
#include <string>
#include <vector>

namespace asio = boost::asio;

namespace {

struct message {
    std::string to = "user@example.com";
    std::string subject = "Hello";
    int n = 123456;
    std::string body = std::string(38, 'x');
};
BOOST_DESCRIBE_STRUCT(message, (), (to, subject, n, body))

struct settings {
    std::string database{};
    int jobs = 50'000;
    int concurrency = 100;
    cofila::durability durability = cofila::durability::full;
};

using jobs = cofila::queue<message>;

asio::awaitable<boost::json::value> do_nothing(cofila::job<message>) { co_return nullptr; }

asio::awaitable<void> fill(jobs queue, int count)
{
    static constexpr int chunk = 1000;
    for (int done = 0; done < count; done += chunk) {
        std::vector<cofila::job_spec<message>> specs(
            static_cast<std::size_t>(std::min(chunk, count - done)), {.name = "message"}
        );
        co_await queue.add_bulk(std::move(specs));
    }
}

/// From the first claim to the commit of the last completion.
asio::awaitable<double> drain(jobs queue, settings chosen)
{
    cofila::worker<message> worker{queue, do_nothing, {.concurrency = chosen.concurrency}};
    int left = chosen.jobs;
    boost::signals2::scoped_connection counting = queue.events().completed.connect([&](const cofila::completed_event&) {
        if (--left == 0)
            worker.stop();
    });
    const auto start = std::chrono::steady_clock::now();
    co_await worker.run();
    co_return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

asio::awaitable<int> measure(settings chosen)
{
    auto engine = co_await cofila::engine::open({.database = chosen.database, .durability = chosen.durability});
    auto queue = engine.queue<message>("bench");
    co_await fill(queue, chosen.jobs);
    const auto seconds = co_await drain(queue, chosen);
    const auto counts = co_await queue.get_job_counts();
    co_await engine.close();
    const bool exact = counts.completed == static_cast<std::size_t>(chosen.jobs);
    fmt::print(
        "{} jobs, concurrency {}, durability {}: {:.2f} s, {:.0f} jobs/s{}\n",
        chosen.jobs,
        chosen.concurrency,
        chosen.durability == cofila::durability::full ? "full" : "normal",
        seconds,
        chosen.jobs / seconds,
        exact ? "" : fmt::format(" (NOT exact: {} completed)", counts.completed)
    );
    co_return exact ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv)
{
    settings chosen;
    const auto folder =
        std::filesystem::temp_directory_path() / ("cofila_bench." + std::to_string(std::random_device{}()));
    chosen.database = (folder / "bench.db").string();

    CLI::App app{"Measures how fast cofila drains a queue."};
    app.add_option("--database", chosen.database, "A new SQLite file; default: one in the temporary folder");
    app.add_option("--jobs", chosen.jobs)->check(CLI::Range(1, 100'000'000))->capture_default_str();
    app.add_option("--concurrency", chosen.concurrency)->check(CLI::Range(1, 10'000))->capture_default_str();
    app.add_option("--durability", chosen.durability, "full (default) or normal")
        ->transform(CLI::CheckedTransformer(std::map<std::string, cofila::durability>{
            {"full", cofila::durability::full}, {"normal", cofila::durability::normal}
        }));
    CLI11_PARSE(app, argc, argv);

    std::filesystem::create_directories(folder);
    const int code = cofila::run_main(measure(chosen));
    std::filesystem::remove_all(folder);
    return code;
}
