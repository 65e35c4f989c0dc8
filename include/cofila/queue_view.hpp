#pragma once
#include <cofila/codec.hpp>
#include <cofila/detail/core.hpp>
#include <cofila/event_stream.hpp>
#include <cofila/job.hpp>
#include <cofila/queue_types.hpp>

#include <concepts>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace cofila {

namespace detail {

// The typed forms of what a queue returns.

template <class Payload, class Result>
add_result<Payload, Result> typed(add_outcome done)
{
    add_result<Payload, Result> out{job<Payload, Result>{std::move(done.job)}};
    out.duplicate = done.duplicate;
    out.deduplicated_by = std::move(done.deduplicated_by);
    return out;
}

template <class Payload, class Result>
asio::awaitable<std::optional<job<Payload, Result>>> found_job(asio::awaitable<job_ptr> search)
{
    auto found = co_await std::move(search);
    if (!found)
        co_return std::nullopt;
    co_return job<Payload, Result>{std::move(found)};
}

template <class Payload, class Result>
asio::awaitable<page<job<Payload, Result>>> listed_jobs(asio::awaitable<page<job_ptr>> listing)
{
    auto found = co_await std::move(listing);
    page<job<Payload, Result>> out{.next = std::move(found.next)};
    for (auto& one : found.items)
        out.items.emplace_back(std::move(one));
    co_return out;
}

}  // namespace detail

/// A queue for callers that do not know the types of its jobs: everything that can be read from it and changed by hand,
/// with payloads and results as JSON text. `engine::look_at` returns one, and every `queue` is one.
///
/// Thread: any; awaitables may be awaited on any executor (see `engine`). Callbacks are called on the engine's
/// executor. Cancellation: an operation that has started is finished and returns its result; the cancellation takes
/// effect at the caller's next `co_await`. Errors: `cofila::error`. Besides the codes named below, these are
/// `errc::closed` and the storage codes, after which nothing was changed (but see `errc::outcome_unknown`).
class queue_view {
public:
    using job_type = job<raw_json, raw_json>;
    template <class T>
    using awaitable = boost::asio::awaitable<T>;

    queue_view() = default;  ///< Refers to no queue and must not be used.
    explicit queue_view(detail::queue_ptr core) : core_{std::move(core)} {}

    const std::string& name() const { return detail::name(core_); }

    /// Adds a job with `json` as its data, as `queue::add` does. Unset options are taken from the `queue_options` with
    /// which this program has opened the queue, or else from the default ones.
    awaitable<add_result<raw_json, raw_json>> add(std::string name, std::string json, job_options options = {}) const
    {
        job_spec<std::string> spec{.name = std::move(name), .data = std::move(json), .options = std::move(options)};
        return add_to(core_, std::move(spec));
    }

    /// Returns the job; unset if no job has this id.
    awaitable<std::optional<job_type>> get_job(job_id id) const
    {
        return detail::found_job<raw_json, raw_json>(detail::at_home(core_, detail::get_job(core_, std::move(id))));
    }
    awaitable<page<job_type>> get_jobs(job_filter filter = {}, page_request request = {}) const
    {
        return detail::listed_jobs<raw_json, raw_json>(
            detail::at_home(core_, detail::get_jobs(core_, std::move(filter), std::move(request)))
        );
    }
    awaitable<job_counts> get_job_counts() const { return detail::at_home(core_, detail::get_job_counts(core_)); }
    /// Returns the number of waiting jobs for each of these priorities, of which there may be at most 1'000.
    awaitable<std::vector<std::size_t>> get_counts_per_priority(std::vector<int> priorities) const
    {
        return detail::at_home(core_, detail::get_counts_per_priority(core_, std::move(priorities)));
    }
    /// Returns how many waiting jobs are before this one by priority and position, whatever the limits and groups;
    /// unset if the job is not waiting.
    awaitable<std::optional<std::size_t>> get_position(job_id id) const
    {
        return detail::at_home(core_, detail::get_position(core_, std::move(id)));
    }
    /// Returns log lines, oldest first unless `request` says otherwise; empty if no job has this id.
    awaitable<page<log_line>> get_job_logs(job_id id, page_request request = {}) const
    {
        return detail::at_home(core_, detail::get_job_logs(core_, std::move(id), std::move(request)));
    }

    /// Pauses the queue: no process claims from it. Running jobs finish; adds and promotions continue.
    awaitable<void> pause() const { return detail::at_home(core_, detail::set_paused(core_, true)); }
    awaitable<void> resume() const { return detail::at_home(core_, detail::set_paused(core_, false)); }
    awaitable<bool> is_paused() const { return detail::at_home(core_, detail::is_paused(core_)); }

    /// Returns what keeps a job from running, as data and in words. Throws `errc::not_found`.
    awaitable<why_answer> why(job_id id) const { return detail::at_home(core_, detail::why(core_, std::move(id))); }

    // Limits are kept in the store and apply to all processes. Their use is counted from what is stored, so that a
    // crash leaves none of it taken.

    /// Limits how many jobs of this queue are active at once. >= 1. Unset: no limit.
    awaitable<void> set_global_concurrency(std::optional<int> jobs) const
    {
        return detail::at_home(core_, detail::set(core_, global_concurrency{.jobs = jobs}));
    }
    /// Limits how many jobs are claimed in any window, as in `set_rate_limit({.max = 10, .duration = 1s})`. Unset
    /// (`std::nullopt`): no limit.
    awaitable<void> set_rate_limit(std::optional<rate_limit> rate) const
    {
        return detail::at_home(core_, detail::set(core_, global_rate{.rate = rate}));
    }
    /// Sets the same limit from members in braces. A template, so that empty braces still mean no limit.
    template <std::same_as<rate_limit> Rate = rate_limit>
    awaitable<void> set_rate_limit(Rate rate) const
    {
        return set_rate_limit(std::optional{rate});
    }
    /// Sets the limits that apply to the jobs of each `job_options::group`.
    awaitable<void> set_group(group_options options) const
    {
        return detail::at_home(core_, detail::set(core_, options));
    }
    /// Returns everything that is set for the queue: limits, pause, and what is kept of events and counts.
    awaitable<queue_settings> get_settings() const { return detail::at_home(core_, detail::get_settings(core_)); }

    // What happens to the jobs, through any process: kept in the store if a program asks for it.

    /// Keeps the newest `events` events (1 ... 1'000'000) for `stream`, from now on, for all processes. Each event
    /// costs one more row in the transaction that it describes. Unset: keeps no events, and forgets the stored ones and
    /// the places of their readers. The numbers then continue where they were.
    awaitable<void> set_event_log(std::optional<int> events) const
    {
        return detail::at_home(core_, detail::set(core_, event_log{.events = events}));
    }
    /// Returns a reader of the event log. Throws `errc::invalid_argument`, field `name`.
    event_stream stream(stream_options options = {}) const
    {
        return event_stream{detail::make_stream(core_, std::move(options))};
    }
    /// Forgets the place that `event_stream::save` has stored.
    awaitable<void> remove_cursor(std::string name) const
    {
        return detail::at_home(core_, detail::remove_cursor(core_, std::move(name)));
    }

    /// Counts the jobs that end, and keeps the counts of the last `minutes` minutes (1 ... 44'640), from now on, for
    /// all processes. Unset: counts nothing, and forgets what was counted.
    awaitable<void> set_metrics(std::optional<int> minutes) const
    {
        return detail::at_home(core_, detail::set(core_, metrics_log{.minutes = minutes}));
    }
    /// Returns what was counted in these minutes, and how long jobs have been waiting (which needs no `set_metrics`).
    awaitable<queue_metrics> get_metrics(metrics_range range = {}) const
    {
        return detail::at_home(core_, detail::get_metrics(core_, range));
    }

    /// Waits as `job::wait_until_finished` does.
    awaitable<raw_json> wait_until_finished(job_id id, milliseconds timeout) const
    {
        return detail::decode_result<raw_json>(
            detail::at_home(core_, detail::wait_until_finished(core_, std::move(id), timeout)),
            detail::how_to_decode(core_)
        );
    }

    /// Removes a job in any state but active (`errc::wrong_state`). Returns false if no job has this id.
    awaitable<bool> remove(job_id id) const { return detail::at_home(core_, detail::remove(core_, std::move(id))); }
    /// Lets a completed or failed job run again. Throws `errc::not_found`, `errc::wrong_state`.
    awaitable<void> retry(job_id id, retry_options options = {}) const
    {
        return drop(detail::at_home(core_, detail::change(core_, std::move(id), retrial{.options = options})));
    }
    /// Lets a delayed job run before its time. Throws `errc::not_found`, `errc::wrong_state`.
    awaitable<void> promote(job_id id) const
    {
        return drop(detail::at_home(core_, detail::change(core_, std::move(id), promotion{})));
    }
    /// Fails a job that has not finished, with the reason "cancelled: " and `why`; it is not retried. A running job is
    /// asked to end first: at once in this process, in other processes when its lock is renewed at the latest. Its
    /// result is dropped, unless it has ended before it learns of the request. Throws `errc::not_found`,
    /// `errc::wrong_state`.
    awaitable<void> cancel(job_id id, std::string why) const
    {
        return drop(detail::at_home(core_, detail::change(core_, std::move(id), cancellation{.why = std::move(why)})));
    }

    // Changes of many jobs: in transactions of at most 1'000 jobs, with other work between them. If a call throws or
    // the process ends, what was done stays done; call again to continue. Each but `obliterate` returns how many jobs
    // it changed.

    /// Removes the waiting jobs and, with `including_delayed`, the delayed ones. Running jobs continue.
    awaitable<std::size_t> drain(bool including_delayed = false, progress_callback progress = {}) const
    {
        return detail::at_home(core_, detail::drain(core_, including_delayed, std::move(progress)));
    }
    /// Removes jobs of one state; finished ones oldest first.
    awaitable<std::size_t> clean(clean_request request) const
    {
        return detail::at_home(core_, detail::clean(core_, std::move(request)));
    }
    /// Lets jobs run again that had failed (or completed) at the time of the call: all of them, or at most `limit`.
    awaitable<std::size_t> retry_all(retry_request request = {}) const
    {
        return detail::at_home(core_, detail::retry_all(core_, std::move(request)));
    }
    /// Lets all delayed jobs run before their time.
    awaitable<std::size_t> promote_all(progress_callback progress = {}) const
    {
        return detail::at_home(core_, detail::promote_all(core_, std::move(progress)));
    }
    /// Removes every job and every setting of the queue. If a job is active, throws `errc::wrong_state` before anything
    /// is removed; with `force` that job is removed too, and the worker that runs it finds its lock lost. The queue
    /// should be paused first, and nothing added meanwhile: a job that is added during the call may be removed or may
    /// stay.
    awaitable<void> obliterate(bool force = false, progress_callback progress = {}) const
    {
        return detail::at_home(core_, detail::obliterate(core_, force, std::move(progress)));
    }

    /// Returns the signals for what happens to the jobs of this queue through this process. They live as long as any
    /// handle. To connect to them, include `cofila/events.hpp`.
    queue_events& events() const { return detail::events(core_); }

    const detail::queue_ptr& core() const noexcept { return core_; }  ///< For the library's own use.

private:
    static awaitable<add_result<raw_json, raw_json>> add_to(detail::queue_ptr core, job_spec<std::string> spec)
    {
        co_return detail::typed<raw_json, raw_json>(co_await detail::at_home(core, detail::add(core, std::move(spec))));
    }
    static awaitable<void> drop(awaitable<job_snapshot> change) { co_await std::move(change); }

    detail::queue_ptr core_{};
};

}  // namespace cofila
