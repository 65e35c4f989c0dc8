// Jobs and time: a poll that puts itself off, a time-out, a backoff strategy of one's own, a job that comes too late.
#include <cofila/cofila.hpp>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <iostream>
#include <stdexcept>

namespace asio = boost::asio;
using namespace std::chrono_literals;
using namespace asio::experimental::awaitable_operators;
using text_queue = cofila::queue<std::string, std::string>;

asio::awaitable<cofila::outcome<std::string>> run(cofila::job<std::string, std::string> job)
{
    if (job.name() == "poll" && job.deferrals() < 3)
        co_return cofila::delay_for{20ms};  // no attempt is used up
    if (job.name() == "flaky")
        throw std::runtime_error{"not today"};
    if (job.name() == "slow") {
        asio::steady_timer work{co_await asio::this_coro::executor, 1h};
        co_await work.async_wait(asio::use_awaitable);  // ends when the job's time is over
    }
    co_return "done";
}

asio::awaitable<bool> ask(text_queue jobs)
{
    co_await jobs.add("poll", "", {.id = "poll"});
    co_await jobs.add("slow", "", {.id = "slow", .timeout = 50ms});
    co_await jobs.add("flaky", "", {.id = "flaky", .attempts = 9, .backoff = cofila::backoff::custom("twice")});
    co_await jobs.add("late", "", {.id = "late", .delay = 100ms, .ttl = 50ms});
    std::string ends;
    for (const auto* id : {"poll", "slow", "flaky", "late"}) {
        try {
            co_await jobs.wait_until_finished(id, 20s);
        } catch (const cofila::error&) {}  // the job has its reason
        const auto job = (co_await jobs.get_job(id)).value();
        ends += job.result().value_or(job.failed_reason()) + " (" + std::to_string(job.attempts_made()) + ")\n";
    }
    std::cout << ends;
    co_await jobs.close();
    co_return ends == "done (1)\ntimed out after 50 ms (1)\nnot today (3)\nexpired (0)\n";
}

asio::awaitable<int> app(std::string database)
{
    auto engine = co_await cofila::engine::open({.database = database});
    auto jobs = engine.queue<std::string, std::string>("jobs");
    auto twice = [](int made, const cofila::failure&) { return made < 3 ? std::optional{made * 20ms} : std::nullopt; };
    cofila::worker worker{jobs, run, {.concurrency = 4, .backoff_strategies = {{"twice", twice}}}};
    const auto done = co_await (worker.run() && ask(jobs));
    co_await engine.close();
    co_return std::get<bool>(done) ? 0 : 1;
}

int main(int argc, char** argv) { return argc == 2 ? cofila::run_main(app(argv[1])) : 2; }
