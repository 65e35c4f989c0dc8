#include <cofila/events.hpp>
#include <cofila/stop_on_signal.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/this_coro.hpp>

#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "child/roles.hpp"

namespace cofila::test {

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

template <class Done>
asio::awaitable<void> start(asio::awaitable<void> part, Done done)
{
    asio::co_spawn(co_await asio::this_coro::executor, std::move(part), [done](const std::exception_ptr& failed) {
        if (failed)
            std::rethrow_exception(failed);
        done();
    });
}

asio::awaitable<void> add_alone(text_queue queue, std::string name, int jobs)
{
    for (int number = 0; number < jobs; ++number)
        co_await queue.add("text", "text", {.id = job_id{name + "-" + std::to_string(number)}});
}

asio::awaitable<std::string> echo(text_job job) { co_return job.data(); }

std::size_t resident_bytes()
{
    std::ifstream file{"/proc/self/statm"};
    std::size_t pages = 0;
    file >> pages >> pages;
    return pages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

std::size_t descriptors()
{
    return static_cast<std::size_t>(
        std::distance(std::filesystem::directory_iterator{"/proc/self/fd"}, std::filesystem::directory_iterator{})
    );
}

std::size_t size_of(const std::string& path)
{
    std::error_code none;
    const auto size = std::filesystem::file_size(path, none);
    return none ? 0 : static_cast<std::size_t>(size);
}

void say_usage(const std::string& database, int jobs)
{
    say("used " + std::to_string(jobs) + " " + std::to_string(resident_bytes()) + " " +
        std::to_string(::mallinfo2().uordblks) + " " + std::to_string(descriptors()) + " " +
        std::to_string(size_of(database)) + " " + std::to_string(size_of(database + "-wal")));
}

}  // namespace

asio::awaitable<int> crowd(call request)
{
    auto engine = co_await engine::open(file_options(request.database, 500));
    const auto queue =
        engine.queue<std::string, std::string>("texts", queue_options{.on_completed = retention::keep_all()});
    int ran = 0;
    int completed = 0;
    const auto count_and_echo = [&ran](text_job job) {
        ++ran;
        return echo(std::move(job));
    };
    const int producers = request.number(1);
    int busy = producers;
    queue.events().completed.connect([&](const completed_event&) { ++completed; });
    queue.events().error.connect([](const error_event& e) { say("error " + e.text); });
    text_worker worker{queue, count_and_echo, {.concurrency = producers}};
    stop_on_signal guard{worker};
    for (int producer = 0; producer < producers; ++producer)
        co_await start(
            add_alone(queue, request.at(0) + "-" + std::to_string(producer), request.number(2) / producers),
            [&busy] {
                if (--busy == 0)
                    say("produced");
            }
        );
    co_await worker.run();
    co_await engine.close();
    say("ran " + std::to_string(ran) + " completed " + std::to_string(completed));
    co_return 0;
}

asio::awaitable<int> soak(call request)
{
    constexpr int window = 1000;
    constexpr int bulk = 100;
    constexpr int samples = 40;
    const int jobs = request.number(0);
    auto engine = co_await engine::open(file_options(request.database, 100));
    const auto queue =
        engine.queue<std::string, std::string>("texts", queue_options{.on_completed = retention::remove_at_once()});
    int added = 0;
    int completed = 0;
    queue.events().completed.connect([&](const completed_event&) {
        if (++completed % std::max(1, jobs / samples) == 0)
            say_usage(request.database, completed);
    });
    queue.events().error.connect([](const error_event& e) { say("error " + e.text); });
    text_worker worker{queue, echo, {.concurrency = 50}};
    asio::co_spawn(
        co_await asio::this_coro::executor,
        worker.run(),
        [](const std::exception_ptr& failed, const close_report&) {
            if (failed)
                std::rethrow_exception(failed);
        }
    );
    while (completed < jobs) {
        if (added == jobs || added - completed > window) {
            co_await pause(1ms);
            continue;
        }
        const auto count = static_cast<std::size_t>(std::min(bulk, jobs - added));
        const std::string data(static_cast<std::size_t>(100 + added % 900), 'x');
        std::vector<job_spec<std::string>> specs(count, {.name = "text", .data = data});
        added += static_cast<int>(count);
        co_await queue.add_bulk(std::move(specs));
    }
    co_await engine.close();
    co_return 0;
}

}  // namespace cofila::test
