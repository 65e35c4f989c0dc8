#include "tour.hpp"

#include <cofila/cofila.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/describe/class.hpp>

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace sample {

namespace asio = boost::asio;
namespace fs = std::filesystem;
using namespace std::chrono_literals;
using cofila::backoff;
using cofila::job_state;

namespace {

struct order {
    std::string what;
    int work_ms = 0;   // how long its processor takes
    int failures = 0;  // so many attempts fail
    bool hopeless = false;
};
BOOST_DESCRIBE_STRUCT(order, (), (what, work_ms, failures, hopeless))

using order_queue = cofila::queue<order, std::string>;
using order_worker = cofila::worker<order, std::string>;
using order_job = cofila::job<order, std::string>;

/// What is seen on the screen, and what is checked.
class timeline {
public:
    void chapter(std::string_view title) { fmt::print("\n{}\n", title); }
    void say(std::string_view who, const std::string& text) const
    {
        fmt::print("  {:6.3f} s  {:8} {}\n", seconds(), who, text);
    }
    void check(bool holds, std::string_view what)
    {
        fmt::print("           {} {}\n", holds ? "\u2713" : "\u2717", what);
        failed_ += holds ? 0 : 1;
        ++checks_;
    }
    int result() const
    {
        fmt::print("\n{} checks, {} failed, {:.1f} s\n", checks_, failed_, seconds());
        return failed_ == 0 ? 0 : 1;
    }

private:
    double seconds() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count(); }

    std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
    int checks_ = 0;
    int failed_ = 0;
};

/// The queue of the tour, and what its events have told so far.
struct stage {
    timeline& time;
    order_queue queue;
    asio::steady_timer news;                     // cancelled at each event
    std::vector<std::string> started{};          // job names
    std::vector<std::string> finished{};         // job ids
    std::vector<cofila::milliseconds> delays{};  // of retries
    int stalled = 0;
    int exhausted = 0;
    int progressed = 0;
    bool closed = false;

    /// Until an event has made it true.
    asio::awaitable<void> until(std::function<bool()> true_now)
    {
        while (!true_now()) {
            news.expires_at(asio::steady_timer::time_point::max());
            co_await news.async_wait(asio::as_tuple(asio::use_awaitable));
            if (closed && !true_now())
                throw std::runtime_error("interrupted");
        }
    }
    bool has_finished(const cofila::job_id& id) const
    {
        return std::ranges::find(finished, id.str()) != finished.end();
    }
};

asio::awaitable<void> pause(std::chrono::milliseconds time)
{
    asio::steady_timer timer{co_await asio::this_coro::executor, time};
    co_await timer.async_wait(asio::use_awaitable);
}

asio::awaitable<std::string> carry_out(order_job job)
{
    const auto order = job.data();
    co_await job.log("attempt " + std::to_string(job.attempts_made() + 1));
    if (order.work_ms > 0) {
        co_await job.update_progress(50);
        co_await pause(std::chrono::milliseconds{order.work_ms});
    }
    if (order.hopeless)
        throw cofila::unrecoverable_error("there is no such address");
    if (job.attempts_made() < order.failures)
        throw std::runtime_error("the line is busy");
    co_return order.what + " done";
}

void listen(stage& on, cofila::worker_events& worker)
{
    auto& queue = on.queue.events();
    const auto tell = [&on](std::string_view who, const std::string& text) {
        on.time.say(who, text);
        on.news.cancel();
    };
    queue.completed.connect([&on, tell](const cofila::completed_event& e) {
        on.finished.push_back(e.id.str());
        tell("queue", "completed: " + e.result);
    });
    queue.failed.connect([&on, tell](const cofila::failed_event& e) {
        on.finished.push_back(e.id.str());
        tell("queue", "failed for good: " + e.reason);
    });
    queue.retrying.connect([&on, tell](const cofila::retrying_event& e) {
        on.delays.push_back(e.delay);
        tell("queue", fmt::format("failed: {}; again in {} ms", e.error.message, e.delay.count()));
    });
    queue.retries_exhausted.connect([&on, tell](const cofila::retries_exhausted_event& e) {
        ++on.exhausted;
        tell("queue", fmt::format("no attempt left after {}", e.attempts_made));
    });
    queue.stalled.connect([&on, tell](const cofila::stalled_event&) {
        ++on.stalled;
        tell("queue", "stalled: its lock ran out, it waits again");
    });
    queue.delayed.connect([tell](const cofila::delayed_event&) { tell("queue", "delayed"); });
    queue.progress.connect([&on, tell](const cofila::progress_event& e) {
        ++on.progressed;
        tell("queue", fmt::format("progress {} %", e.progress.to_number<int>()));
    });
    queue.drained.connect([tell](const cofila::drained_event&) { tell("queue", "drained"); });
    queue.error.connect([tell](const cofila::error_event& e) { tell("queue", "error: " + e.text); });
    worker.job_active.connect([&on, tell](const cofila::job_active_event& e) {
        on.started.push_back(e.name);
        tell("worker", fmt::format("runs '{}', attempt {}", e.name, e.attempt));
    });
    worker.closing.connect([tell](const cofila::closing_event&) { tell("worker", "closing"); });
    worker.closed.connect([&on, tell](const cofila::closed_event&) {
        on.closed = true;
        tell("worker", "closed");
    });
}

asio::awaitable<void> simple(stage& on)
{
    on.time.chapter("A job is added, run and completed");
    const auto job = co_await on.queue.add("greeting", {.what = "greeting"}, {.id = "greeting-1"});
    co_await on.until([&] { return on.has_finished(job.id()); });
    co_await job.refresh();
    on.time.check(job.state() == job_state::completed && job.result() == "greeting done", "its result is stored");
    const auto again = co_await on.queue.add("greeting", {.what = "greeting"}, {.id = "greeting-1"});
    on.time.check(again.duplicate, "adding it again under its id adds nothing");
}

asio::awaitable<void> priorities(stage& on)
{
    on.time.chapter("Priorities: added as C, A, B while the queue is paused");
    co_await on.queue.pause();
    on.started.clear();
    std::vector<cofila::job_spec<order>> specs;
    specs.push_back({.name = "C", .data = {.what = "C"}, .options = {.priority = 3}});
    specs.push_back({.name = "A", .data = {.what = "A"}, .options = {.priority = 1}});
    specs.push_back({.name = "B", .data = {.what = "B"}, .options = {.priority = 2}});
    const auto added = co_await on.queue.add_bulk(std::move(specs));
    on.time.check(on.started.empty(), "nothing runs while the queue is paused");
    co_await on.queue.resume();
    for (const auto& job : added)
        co_await on.until([&] { return on.has_finished(job.id); });
    on.time.check(on.started == std::vector<std::string>{"A", "B", "C"}, "they ran as A, B, C");
}

asio::awaitable<void> delayed(stage& on)
{
    on.time.chapter("A job with a delay of 1 s");
    const auto job = co_await on.queue.add("reminder", {.what = "reminder"}, {.delay = 1s});
    on.time.check(job.state() == job_state::delayed, "it is delayed");
    co_await on.until([&] { return on.has_finished(job.id()); });
    co_await job.refresh();
    const auto late = *job.processed_at() - (job.timestamp() + 1s);
    on.time.check(late >= 0ms, fmt::format("it started {} ms after its time, not before", late.count()));
}

asio::awaitable<void> retries(stage& on)
{
    on.time.chapter("A job that fails twice, with an exponential backoff from 300 ms");
    on.delays.clear();
    const auto job = co_await on.queue.add(
        "call", {.what = "call", .failures = 2}, {.attempts = 3, .backoff = backoff::exponential(300ms)}
    );
    co_await on.until([&] { return on.has_finished(job.id()); });
    co_await job.refresh();
    on.time.check(job.state() == job_state::completed && job.attempts_made() == 3, "the third attempt succeeded");
    on.time.check(on.delays == std::vector<cofila::milliseconds>{300ms, 600ms}, "it waited 300 ms, then 600 ms");
    on.time.check(job.attempts().size() == 2, "both failures are kept with it");
}

asio::awaitable<void> failures(stage& on)
{
    on.time.chapter("Jobs that fail for good, and a second chance");
    const auto tried = co_await on.queue.add(
        "call", {.what = "call", .failures = 2}, {.attempts = 2, .backoff = backoff::fixed(200ms)}
    );
    co_await on.until([&] { return on.has_finished(tried.id()) && on.exhausted == 1; });
    co_await tried.refresh();
    on.time.check(tried.state() == job_state::failed && tried.attempts_made() == 2, "two attempts, then failed");
    const auto hopeless = co_await on.queue.add("letter", {.what = "letter", .hopeless = true}, {.attempts = 5});
    co_await on.until([&] { return on.has_finished(hopeless.id()); });
    co_await hopeless.refresh();
    on.time.check(
        hopeless.state() == job_state::failed && hopeless.attempts_made() == 1,
        "an unrecoverable error is not tried again"
    );
    on.finished.clear();
    co_await on.queue.retry(tried.id(), {.keep_attempts = true});
    co_await on.until([&] { return on.has_finished(tried.id()); });
    co_await tried.refresh();
    on.time.check(tried.state() == job_state::completed, "retried by hand, it succeeded");
}

asio::awaitable<void> progress(stage& on)
{
    on.time.chapter("Progress and logs are stored while the job runs");
    const auto job = co_await on.queue.add("report", {.what = "report", .work_ms = 500});
    co_await on.until([&] { return on.progressed > 0; });
    const auto running = co_await on.queue.get_job(job.id());
    on.time.check(running && running->state() == job_state::active && running->progress() == 50, "50 % while it runs");
    co_await on.until([&] { return on.has_finished(job.id()); });
    const auto lines = co_await on.queue.get_job_logs(job.id());
    on.time.check(lines.items.size() == 1 && lines.items[0].text == "attempt 1", "its log can be read");
}

asio::awaitable<void> stop_after(stage& on, order_worker& worker, cofila::job_id id)
{
    co_await on.until([&] { return on.has_finished(id); });
    worker.stop();
}

/// As if a worker had died: the job is taken by hand and never finished.
asio::awaitable<void> rescue(stage& on, cofila::engine& engine, asio::any_io_executor executor)
{
    on.time.chapter("A job whose worker disappears");
    auto parcels = engine.queue<order, std::string>("parcels");
    stage there{.time = on.time, .queue = parcels, .news = asio::steady_timer{executor}};
    order_worker worker{parcels, carry_out, {.name = "second"}};
    listen(there, worker.events());
    const auto job = co_await parcels.add("parcel", {.what = "parcel"});
    const auto taken = co_await parcels.fetch_next_and_lock({.worker_id = "lost", .lock_duration = 1s});
    on.time.say("tour", "took it by hand, with a lock of 1 s, and never finishes it");
    co_await there.until([&] { return there.stalled == 1; });
    using namespace asio::experimental::awaitable_operators;
    co_await (worker.run() && stop_after(there, worker, job.id()));
    co_await job.refresh();
    on.time.check(
        taken.size() == 1 && job.state() == job_state::completed && job.stalled_count() == 1,
        "another worker completed it"
    );
    try {
        co_await parcels.complete(taken.front().claim, "too late");
        on.time.check(false, "the lost worker's late result is refused");
    } catch (const cofila::error& e) {
        on.time.check(e.code() == cofila::errc::lock_lost, "the lost worker's late result is refused");
    }
}

asio::awaitable<void> all_chapters(stage& on, order_worker& worker, cofila::engine& engine)
{
    const auto executor = co_await asio::this_coro::executor;
    co_await simple(on);
    co_await priorities(on);
    co_await delayed(on);
    co_await retries(on);
    co_await failures(on);
    co_await progress(on);
    co_await rescue(on, engine, executor);
    on.time.chapter("An orderly end, with a job in flight");
    on.started.clear();
    co_await on.queue.add("farewell", {.what = "farewell", .work_ms = 700});
    co_await on.until([&] { return !on.started.empty(); });
    on.time.say("tour", "asks the worker to stop");
    worker.stop();
}

asio::awaitable<int> play(std::string database)
{
    using namespace asio::experimental::awaitable_operators;
    timeline time;
    auto engine = co_await cofila::engine::open(
        {.database = database, .maintenance = cofila::maintenance_options{.interval = 500ms}}
    );
    auto queue = engine.queue<order, std::string>("tour");
    order_worker worker{queue, carry_out, {.name = "first"}};
    cofila::stop_on_signal guard{worker};
    stage on{.time = time, .queue = queue, .news = asio::steady_timer{co_await asio::this_coro::executor}};
    listen(on, worker.events());
    const auto report = co_await (worker.run() && all_chapters(on, worker, engine));
    const auto counts = co_await queue.get_job_counts();
    time.check(report.finished.size() == 1, "the job in flight was finished first");
    time.check(counts.waiting + counts.delayed + counts.active == 0, "nothing is left behind");
    co_await engine.close();
    co_return time.result();
}

}  // namespace

asio::awaitable<int> tour(std::string database)
{
    if (!database.empty())
        co_return co_await play(std::move(database));
    const auto folder = fs::temp_directory_path() / fmt::format("cofila_tour.{}", ::getpid());
    fs::create_directories(folder);
    const int code = co_await play((folder / "tour.db").string());
    fs::remove_all(folder);
    co_return code;
}

}  // namespace sample
