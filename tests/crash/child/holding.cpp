#include <cofila/error.hpp>
#include <cofila/events.hpp>
#include <cofila/stop_on_signal.hpp>

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/this_coro.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>

#include "child/roles.hpp"
#include "plan.hpp"

namespace cofila::test {

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

void say_run(const text_job& job) { say("run " + job.id().str() + " " + std::to_string(job.attempts_started())); }

asio::awaitable<std::string> wait_for_its_id(text_job job)
{
    say_run(job);
    for (std::string line; line != job.id().str();)
        line = co_await hear();
    co_return "theirs";
}

asio::awaitable<std::string> take_a_moment(text_job job)
{
    say_run(job);
    co_await pause(std::chrono::microseconds{hash_of(job.id().str()) % 3000});
    co_return result_of(job.id().str(), job.attempts_started());
}

asio::awaitable<std::string> never_end(text_job job)
{
    say_run(job);
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    for (;;)
        co_await pause(1h);
}

int fill_the_stack(int depth)
{
    volatile char here[4096];
    here[0] = 1;
    return depth < 0 ? 0 : fill_the_stack(depth + 1) + here[0];
}

asio::awaitable<std::string> do_what_it_is_called(text_job job)
{
    say_run(job);
    const auto& what = job.name();
    volatile int* nowhere = nullptr;
    if (what == "abort")
        std::abort();
    if (what == "null")
        *nowhere = 1;
    if (what == "exit")
        ::_exit(9);
    if (what == "overflow")
        fill_the_stack(0);
    co_return "worked";
}

void tell(const text_queue& queue, text_worker& worker)
{
    queue.events().completed.connect([](const completed_event& e) { say("completed " + e.id.str()); });
    queue.events().stalled.connect([](const stalled_event& e) { say("stalled " + e.id.str()); });
    worker.events().lock_lost.connect([](const lock_lost_event& e) { say("lost " + e.id.str()); });
    worker.events().ready.connect([](const ready_event&) { say("ready"); });
}

}  // namespace

asio::awaitable<int> hold(call request)
{
    auto engine = co_await engine::open(file_options(request.database, 0));
    const auto queue = engine.queue<std::string, std::string>("texts");
    text_worker worker{queue, wait_for_its_id, {.lock_duration = milliseconds{request.number(0)}}};
    stop_on_signal guard{worker};
    tell(queue, worker);
    co_await worker.run();
    co_await engine.close();
    co_return 0;
}

asio::awaitable<int> stop(call request)
{
    auto engine = co_await engine::open(file_options(request.database, 0));
    const auto queue = engine.queue<std::string, std::string>("texts");
    text_worker worker{
        queue,
        take_a_moment,
        {.concurrency = request.number(0), .prefetch = request.number(0), .grace = milliseconds{request.number(1)}}
    };
    stop_on_signal guard{worker};
    tell(queue, worker);
    const auto report = co_await worker.run();
    co_await engine.close();
    co_return report.abandoned.empty() ? 0 : 4;
}

asio::awaitable<int> ignore(call request)
{
    auto engine = co_await engine::open(file_options(request.database, 0));
    const auto queue = engine.queue<std::string, std::string>("texts");
    text_worker worker{queue, never_end, {.grace = milliseconds{request.number(0)}}};
    stop_on_signal guard{worker};
    tell(queue, worker);
    const auto report = co_await worker.run();
    for (const auto& id : report.abandoned)
        say("abandoned " + id.str());
    co_await engine.close();
    std::_Exit(5);  // what was abandoned would keep the loop running
}

asio::awaitable<int> obey(call request)
{
    auto options = file_options(request.database, 20);
    // Nobody wants to read a sanitizer's report of what is done on purpose.
    if (!std::freopen("/dev/null", "w", stderr))
        co_return 1;
    auto engine = co_await engine::open(std::move(options));
    const auto queue = engine.queue<std::string, std::string>("texts");
    text_worker worker{queue, do_what_it_is_called, {.concurrency = request.number(0)}};
    stop_on_signal guard{worker};
    tell(queue, worker);
    co_await worker.run();
    co_await engine.close();
    co_return 0;
}

asio::awaitable<int> fork(call request)
{
    auto engine = co_await engine::open(file_options(request.database, 0));
    const auto queue = engine.queue<std::string, std::string>("texts");
    co_await queue.add("text", "text");
    if (const auto child = ::fork(); child == 0) {
        ::alarm(30);  // it must not wait for a thread that it has not
        try {
            co_await queue.add("text", "text");
        } catch (const error& e) {
            say(e.code() == errc::closed ? "refused" : e.what());
        }
        co_await engine.close();
        engine = {};
        say("closed");
        try {
            engine = co_await engine::open(file_options(request.database, 0));
        } catch (const error& e) {
            say(e.code() == errc::closed ? "refused" : e.what());
        }
        ::_exit(0);
    } else {
        int status = 0;
        ::waitpid(child, &status, 0);
        say("child " + std::to_string(status));
    }
    co_await queue.add("text", "text");
    say("added");
    co_await engine.close();
    co_return 0;
}

asio::awaitable<int> write(call request)
{
    auto engine = co_await engine::open(file_options(request.database, 0));
    const auto queue = engine.queue<std::string, std::string>("texts");
    for (int number = 0;; ++number) {
        std::vector<job_spec<std::string>> specs(500, {.name = "text", .data = "text"});
        co_await queue.add_bulk(std::move(specs));
        say("added " + std::to_string(number));
    }
}

}  // namespace cofila::test
