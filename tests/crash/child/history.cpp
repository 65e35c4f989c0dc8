#include <cofila/error.hpp>
#include <cofila/events.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/this_coro.hpp>

#include <random>
#include <sstream>
#include <stdexcept>

#include "child/roles.hpp"
#include "plan.hpp"

namespace cofila::test {

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

/// A part of a process that lives until the process is killed; what it throws ends the process.
asio::awaitable<void> start(asio::awaitable<void> part)
{
    asio::co_spawn(co_await asio::this_coro::executor, std::move(part), [](const std::exception_ptr& failed) {
        if (failed)
            std::rethrow_exception(failed);
    });
}

std::string line(const std::string& word, const std::vector<std::string>& ids)
{
    auto out = word;
    for (const auto& id : ids)
        out += " " + id;
    return out;
}

asio::awaitable<void> add(text_queue queue, std::vector<std::string> ids)
{
    say(line("add", ids));
    if (ids.size() == 1) {
        const auto plan = plan_of(ids.front());
        co_await queue.add("task", plan.data, plan.options);
    } else {
        std::vector<job_spec<std::string>> specs;
        for (const auto& id : ids) {
            auto plan = plan_of(id);
            specs.push_back({.name = "task", .data = std::move(plan.data), .options = std::move(plan.options)});
        }
        co_await queue.add_bulk(std::move(specs));
    }
    say(line("added", ids));
}

asio::awaitable<void> add_for_ever(text_queue queue, std::string lane, unsigned seed)
{
    std::minstd_rand dice{seed};
    for (int number = 0;;) {
        const int count = dice() % 4 == 0 ? 2 + static_cast<int>(dice() % 8) : 1;
        std::vector<std::string> ids;
        for (int i = 0; i < count; ++i)
            ids.push_back(lane + "-" + std::to_string(number++));
        co_await add(queue, std::move(ids));
        if (dice() % 2 == 0)
            co_await pause(1ms);
    }
}

std::vector<std::string> split(const std::string& words)
{
    std::vector<std::string> out;
    std::istringstream from{words};
    for (std::string word; std::getline(from, word, ',');)
        out.push_back(word);
    return out;
}

/// The words behind the name and the seed are ids whose outcome nobody knows: adding them again is safe.
asio::awaitable<void> start_producers(text_queue queue, call request)
{
    const auto seed = static_cast<unsigned>(request.number(1));
    for (auto ids = request.rest.begin() + 2; ids != request.rest.end(); ++ids) {
        auto again = split(*ids);
        co_await add(queue, std::move(again));
    }
    for (unsigned lane = 0; lane < 3; ++lane)
        co_await start(add_for_ever(queue, request.at(0) + "-" + std::to_string(lane), seed + lane));
}

asio::awaitable<std::string> run_planned(text_job job)
{
    const auto& id = job.id().str();
    const auto plan = plan_of(id);
    say("run " + id + " " + std::to_string(job.attempts_started()));
    if (job.data() != plan.data)
        say("wrong data of " + id);
    if (plan.work.count() > 0)
        co_await pause(plan.work);
    if (job.attempts_made() < plan.failures)
        throw std::runtime_error("as planned");
    co_return result_of(id, job.attempts_started());
}

void tell(const text_queue& queue)
{
    auto& events = queue.events();
    events.completed.connect([](const completed_event& e) {
        say("completed " + e.id.str() + " " + std::to_string(claim_of(e.result)));
    });
    events.retrying.connect([](const retrying_event& e) {
        say("retrying " + e.id.str() + " " + std::to_string(e.attempts_made));
    });
    events.stalled.connect([](const stalled_event& e) {
        say("stalled " + e.id.str() + " " + std::to_string(e.stalled_count));
    });
    events.error.connect([](const error_event& e) { say("error " + e.text); });
}

worker_options drawn(unsigned seed)
{
    std::minstd_rand dice{seed};
    return {
        .concurrency = 1 + static_cast<int>(dice() % 12),
        .prefetch = dice() % 2 == 0 ? static_cast<int>(dice() % 20) : 0,
        .lock_duration = 10s,
    };
}

engine_options drawn(const call& request, int sweeps)
{
    auto out = file_options(request.database, sweeps);
    const bool may_lose = request.database.starts_with("host=");  // a server crashes, a file does not
    out.durability = may_lose || request.number(1) % 2 == 0 ? durability::full : durability::normal;
    out.spin = std::chrono::microseconds{request.number(1) % 3 == 0 ? 100 : 0};
    return out;
}

}  // namespace

asio::awaitable<int> produce(call request)
{
    auto engine = co_await engine::open(drawn(request, 0));
    co_await start_producers(engine.queue<std::string, std::string>("texts"), request);
    for (;;)
        co_await pause(1h);
}

asio::awaitable<int> work(call request)
{
    auto engine = co_await engine::open(drawn(request, 0));
    const auto queue = engine.queue<std::string, std::string>("texts");
    tell(queue);
    text_worker worker{queue, run_planned, drawn(static_cast<unsigned>(request.number(1)))};
    co_await worker.run();
    co_return 1;  // nobody has asked for it
}

asio::awaitable<int> both(call request)
{
    auto engine = co_await engine::open(drawn(request, 20));
    const auto queue = engine.queue<std::string, std::string>("texts");
    tell(queue);
    co_await start(start_producers(queue, request));
    text_worker worker{queue, run_planned, drawn(static_cast<unsigned>(request.number(1)))};
    co_await worker.run();
    co_return 1;
}

asio::awaitable<int> sweep(call request)
{
    auto engine = co_await engine::open(drawn(request, 2 + request.number(1) % 20));
    tell(engine.queue<std::string, std::string>("texts"));
    for (;;)
        co_await pause(1h);
}

namespace {

/// A change that comes too late where the job has gone on meanwhile.
asio::awaitable<void> change(std::string verb, std::string done, job_id id, asio::awaitable<void> what)
{
    say(verb + " " + id.str());
    try {
        co_await std::move(what);
        say(done + " " + id.str());
    } catch (const error& e) {
        if (e.code() != errc::wrong_state && e.code() != errc::not_found)
            throw;
    }
}

asio::awaitable<void> remove(text_queue queue, job_id id) { co_await queue.remove(std::move(id)); }

asio::awaitable<void> resume(text_queue queue)
{
    say("resuming");
    co_await queue.resume();
    say("resumed");
}

asio::awaitable<void> pause_and_resume(text_queue queue)
{
    say("pausing");
    co_await queue.pause();
    say("paused");
    co_await resume(queue);
}

/// The first ones, which may be due before, and some of those that wait for it: they come last.
asio::awaitable<void> promote_some(text_queue queue, std::size_t most)
{
    const auto delayed = co_await queue.get_jobs({.state = job_state::delayed}, {.limit = 1000});
    std::size_t count = 0;
    for (const auto& job : delayed.items)
        if (count < most && (count < most / 2 || plan_of(job.id().str()).promoted)) {
            ++count;
            co_await change("promote", "promoted", job.id(), queue.promote(job.id()));
        }
}

/// Goes on behind `after`, where the last round has ended.
asio::awaitable<std::string> tidy_some(text_queue queue, std::string after)
{
    const auto done = co_await queue.get_jobs({.state = job_state::completed}, {.after = after, .limit = 50});
    for (const auto& job : done.items) {
        const auto plan = plan_of(job.id().str());
        if (plan.repeated && job.attempts_started() == 1)
            co_await change("retry", "retried", job.id(), queue.retry(job.id()));
        else if (plan.tidied)
            co_await change("remove", "removed", job.id(), remove(queue, job.id()));
    }
    co_return done.next.empty() ? after : done.next;
}

}  // namespace

asio::awaitable<int> tend(call request)
{
    auto engine = co_await engine::open(drawn(request, 0));
    const auto queue = engine.queue<std::string, std::string>("texts");
    co_await resume(queue);  // one that was killed may have paused it
    std::string after;
    for (int round = 1;; ++round) {
        co_await promote_some(queue, 4);
        after = co_await tidy_some(queue, after);
        if (round % 8 == 0)
            co_await pause_and_resume(queue);
        co_await pause(2ms);
    }
}

asio::awaitable<int> drain(call request)
{
    auto engine = co_await engine::open(drawn(request, 5));
    const auto queue = engine.queue<std::string, std::string>("texts");
    tell(queue);
    co_await resume(queue);
    text_worker worker{queue, run_planned, {.concurrency = 32}};
    asio::co_spawn(
        co_await asio::this_coro::executor,
        worker.run(),
        [](const std::exception_ptr& failed, const close_report&) {
            if (failed)
                std::rethrow_exception(failed);
        }
    );
    for (job_counts left{.waiting = 1}; left.waiting + left.delayed + left.active > 0;) {
        co_await promote_some(queue, 1000);
        co_await pause(2ms);
        left = co_await queue.get_job_counts();
    }
    co_await engine.close();
    co_return 0;
}

}  // namespace cofila::test
