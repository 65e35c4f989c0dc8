#include "chapters.hpp"

#include <cofila/error.hpp>

#include <boost/asio/experimental/awaitable_operators.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

namespace sample {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using cofila::backoff;
using cofila::job_state;
using strings = std::vector<std::string>;

chapters::chapters(cofila::engine& engine, stage& main, timeline& time, asio::any_io_executor loop)
    : engine_{engine},
      main_{main},
      time_{time},
      loop_{std::move(loop)},
      queue_{main.queue()}
{}

asio::awaitable<void> chapters::play()
{
    co_await main_.until("ready");
    co_await simple();
    co_await priorities();
    co_await delayed();
    co_await retries();
    co_await failures();
    co_await progress();
    co_await rescue();
    co_await orderly_end();
}

asio::awaitable<void> chapters::simple()
{
    time_.chapter("A job is added, run and completed");
    const auto job = co_await queue_.add("greeting", {.what = "greeting"}, {.id = "greeting-1"});
    co_await main_.until("completed", job.id());
    co_await job.refresh();
    time_.check(job.state() == job_state::completed && job.result() == "greeting done", "its result is stored");
    const auto again = co_await queue_.add("greeting", {.what = "greeting"}, {.id = "greeting-1"});
    co_await main_.until("duplicated", job.id());
    time_.check(again.duplicate && again.state() == job_state::completed, "under its id it is not added again");
}

asio::awaitable<void> chapters::priorities()
{
    time_.chapter("Priorities: added as third, first, second while the queue is paused");
    co_await queue_.pause();
    std::vector<cofila::job_spec<order>> jobs;
    jobs.push_back({.name = "third", .data = {.what = "third"}, .options = {.priority = 3}});
    jobs.push_back({.name = "first", .data = {.what = "first"}, .options = {.priority = 1}});
    jobs.push_back({.name = "second", .data = {.what = "second"}, .options = {.priority = 2}});
    const auto added = co_await queue_.add_bulk(std::move(jobs));
    const auto taken = co_await queue_.fetch_next_and_lock({.worker_id = "by hand"});
    time_.check(taken.empty(), "nobody gets a job while the queue is paused");
    co_await queue_.resume();
    for (const auto& job : added)
        co_await main_.until("completed", job.id);
    const strings expected{"first", "second", "third"};
    const auto& begun = main_.begun();
    const bool in_order = begun.size() >= 3 && std::equal(expected.begin(), expected.end(), begun.end() - 3);
    time_.check(in_order, "they ran in the order of their priorities");
}

asio::awaitable<void> chapters::delayed()
{
    time_.chapter("A job with a delay of 1 s");
    const auto job = co_await queue_.add("reminder", {.what = "reminder"}, {.delay = 1s});
    time_.check(job.state() == job_state::delayed, "it is delayed");
    co_await main_.until("completed", job.id());
    co_await job.refresh();
    const auto late = *job.processed_at() - (job.timestamp() + 1s);
    time_.check(late >= 0ms, fmt::format("it began {} ms after its time, not before", late.count()));
}

asio::awaitable<void> chapters::retries()
{
    time_.chapter("A job that fails twice, with an exponential backoff from 500 ms");
    const auto job = co_await queue_.add(
        "call", {.what = "call", .failures = 2}, {.attempts = 3, .backoff = backoff::exponential(500ms)}
    );
    co_await main_.until("completed", job.id());
    co_await job.refresh();
    const std::vector<cofila::milliseconds> expected{500ms, 1000ms};
    time_.check(job.state() == job_state::completed && job.attempts_made() == 3, "the third attempt succeeded");
    time_.check(main_.retry_delays() == expected, "it waited for 500 ms, then for 1000 ms");
    time_.check(job.attempts().size() == 2, "both failures are kept with it");
}

asio::awaitable<void> chapters::failures()
{
    time_.chapter("Jobs that fail for good, and a second chance");
    const auto hopeless = co_await queue_.add("letter", {.what = "letter", .hopeless = true}, {.attempts = 5});
    co_await main_.until("failed", hopeless.id());
    co_await hopeless.refresh();
    time_.check(
        hopeless.state() == job_state::failed && hopeless.attempts_made() == 1,
        "after an unrecoverable error there is no other attempt"
    );
    const auto tried =
        co_await queue_.add("fax", {.what = "fax", .failures = 2}, {.attempts = 2, .backoff = backoff::fixed(200ms)});
    co_await main_.until("retries_exhausted", tried.id());
    co_await tried.refresh();
    time_.check(tried.state() == job_state::failed && tried.attempts_made() == 2, "two attempts, then it has failed");
    time_.check(tried.failed_reason() == "the line is busy", "the reason is kept");
    co_await second_chance(tried);
}

asio::awaitable<void> chapters::second_chance(order_job failed)
{
    co_await failed.retry({.keep_attempts = true});
    co_await main_.until("completed", failed.id());
    co_await failed.refresh();
    time_.check(failed.state() == job_state::completed, "retried by hand, it succeeded");
}

asio::awaitable<void> chapters::progress()
{
    time_.chapter("Progress and logs are stored while the job runs");
    const auto job = co_await queue_.add("report", {.what = "report", .holds_until = "read"});
    co_await main_.until("progress", job.id());
    const auto running = co_await queue_.get_job(job.id());
    time_.check(running && running->state() == job_state::active && running->progress() == 50, "50 % while it runs");
    const auto lines = co_await queue_.get_job_logs(job.id());
    time_.check(lines.items.size() == 1 && lines.items[0].text == "attempt 1", "its log can be read");
    main_.note("read");
    co_await main_.until("completed", job.id());
}

/// As if a worker had died: the job is taken by hand and never finished.
asio::awaitable<void> chapters::rescue()
{
    time_.chapter("A job whose worker disappears");
    auto parcels = engine_.queue<order, std::string>(queue_.name() + " parcels");
    stage other{parcels, "second", time_, loop_};
    const auto job = co_await parcels.add("parcel", {.what = "parcel"});
    const auto taken = co_await parcels.fetch_next_and_lock({.worker_id = "lost", .lock_duration = 1s});
    time_.say("tour", "takes it by hand, with a lock of 1 s, and does nothing more");
    co_await other.until("stalled", job.id());
    const auto stop_after = [](stage* on, cofila::job_id id) -> asio::awaitable<void> {
        co_await on->until("completed", std::move(id));
        on->worker().stop();
    };
    using namespace asio::experimental::awaitable_operators;
    co_await (other.worker().run() && stop_after(&other, job.id()));
    co_await job.refresh();
    time_.check(job.state() == job_state::completed && job.stalled_count() == 1, "another worker completed it");
    for (const auto& lost : taken)
        co_await refuse_late_result(parcels, lost.claim);
}

asio::awaitable<void> chapters::refuse_late_result(order_queue queue, cofila::claim held)
{
    bool refused = false;
    try {
        co_await queue.complete(std::move(held), "too late");
    } catch (const cofila::error& e) {
        refused = e.code() == cofila::errc::lock_lost;
    }
    time_.check(refused, "the lost worker's late result is refused");
}

asio::awaitable<void> chapters::orderly_end()
{
    time_.chapter("An orderly end, with a job in flight");
    const auto job = co_await queue_.add("farewell", {.what = "farewell", .holds_until = "closing"});
    in_flight_ = job.id();
    co_await main_.until("progress", in_flight_);
    time_.say("tour", "asks the worker to stop");
    main_.worker().stop();
}

asio::awaitable<void> chapters::epilogue(cofila::close_report report)
{
    co_await main_.until("closed");
    const std::vector<cofila::job_id> expected{in_flight_};
    time_.check(report.finished == expected, "the job in flight was finished first");
    const auto counts = co_await queue_.get_job_counts();
    const cofila::job_counts left{.completed = counts.completed, .failed = 1};
    time_.check(counts == left, "nothing is left behind, and one job has failed for good");
    check_kinds();
}

void chapters::check_kinds()
{
    const strings expected{"added",       "duplicated", "waiting", "delayed",           "active",     "progress",
                           "log",         "completed",  "failed",  "retrying",          "drained",    "paused",
                           "resumed",     "ready",      "closing", "retries_exhausted", "job_active", "job_processed",
                           "job_errored", "closed"};
    strings missing;
    for (const auto& kind : expected)
        if (!main_.kinds_heard().contains(kind))
            missing.push_back(kind);
    const auto text = missing.empty() ? std::string{"events told all of it"}
                                      : fmt::format("events told all of it; missing: {}", fmt::join(missing, ", "));
    time_.check(missing.empty(), text);
}

}  // namespace sample
