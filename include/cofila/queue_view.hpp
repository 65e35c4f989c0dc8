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

// What a queue returns, with its types.

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

/// A queue for those who do not know the types of its jobs: all that can be read of it and changed by hand, with
/// payloads and results as JSON text. `engine::look_at` returns one, and every `queue` is one.
///
/// Thread: any; awaitables may be awaited on any executor (see `engine`). Callbacks are called on the engine's
/// executor. Cancellation: an operation that was started is finished and answered; a cancellation takes effect at the
/// caller's next `co_await`. Errors: `cofila::error`; beside those named below `errc::closed` and the
/// storage codes, with which nothing was changed (but see `errc::outcome_unknown`).
class queue_view {
public:
    using job_type = job<raw_json, raw_json>;
    template <class T>
    using awaitable = boost::asio::awaitable<T>;

    queue_view() = default;  ///< Refers to no queue and must not be used.
    explicit queue_view(detail::queue_ptr core) : core_{std::move(core)} {}

    const std::string& name() const { return detail::name(core_); }

    /// Adds a job with `json` for its data, as `queue::add` does. What `options` do not say is taken from the
    /// `queue_options` with which this program has opened the queue, or else from the default ones.
    awaitable<add_result<raw_json, raw_json>> add(std::string name, std::string json, job_options options = {}) const
    {
        job_spec<std::string> spec{.name = std::move(name), .data = std::move(json), .options = std::move(options)};
        return add_to(core_, std::move(spec));
    }

    /// Nothing where no job has this id.
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
    /// Of waiting jobs, one count for each of the priorities; at most 1'000 of them.
    awaitable<std::vector<std::size_t>> get_counts_per_priority(std::vector<int> priorities) const
    {
        return detail::at_home(core_, detail::get_counts_per_priority(core_, std::move(priorities)));
    }
    /// How many waiting jobs are before this one by priority and position, whatever the limits and groups; nothing
    /// where it does not wait.
    awaitable<std::optional<std::size_t>> get_position(job_id id) const
    {
        return detail::at_home(core_, detail::get_position(core_, std::move(id)));
    }
    /// Oldest first unless `request` says otherwise; empty where no job has this id.
    awaitable<page<log_line>> get_job_logs(job_id id, page_request request = {}) const
    {
        return detail::at_home(core_, detail::get_job_logs(core_, std::move(id), std::move(request)));
    }

    /// Nothing is claimed while paused, by any process; running jobs finish, adds and promotions go on.
    awaitable<void> pause() const { return detail::at_home(core_, detail::set_paused(core_, true)); }
    awaitable<void> resume() const { return detail::at_home(core_, detail::set_paused(core_, false)); }
    awaitable<bool> is_paused() const { return detail::at_home(core_, detail::is_paused(core_)); }

    /// What keeps a job from running, as data and in words. `errc::not_found`.
    awaitable<why_answer> why(job_id id) const { return detail::at_home(core_, detail::why(core_, std::move(id))); }

    // Limits are kept in the store and hold for all processes. They are counted from what is there, so that a crash
    // leaves none of them taken.

    /// At most so many jobs of this queue are active at once; nothing: no limit. >= 1.
    awaitable<void> set_global_concurrency(std::optional<int> jobs) const
    {
        return detail::at_home(core_, detail::set_limit(core_, global_concurrency{.jobs = jobs}));
    }
    /// At most so many jobs are claimed in any window, as in `set_rate_limit({.max = 10, .duration = 1s})`; nothing
    /// (`std::nullopt`): no limit.
    awaitable<void> set_rate_limit(std::optional<rate_limit> rate) const
    {
        return detail::at_home(core_, detail::set_limit(core_, global_rate{.rate = rate}));
    }
    /// The same, for members in braces. A template, so that empty braces still mean no limit.
    template <std::same_as<rate_limit> Rate = rate_limit>
    awaitable<void> set_rate_limit(Rate rate) const
    {
        return set_rate_limit(std::optional{rate});
    }
    /// What holds for the jobs of each `job_options::group`.
    awaitable<void> set_group(group_options options) const
    {
        return detail::at_home(core_, detail::set_limit(core_, options));
    }
    awaitable<queue_limits> get_limits() const { return detail::at_home(core_, detail::get_limits(core_)); }

    // What happens to the jobs, whoever does it: kept in the store, where somebody wants it to be.

    /// Keeps the newest so many events (1 ... 1'000'000) for `stream`, from now on, for all processes; each costs a row
    /// more in the transaction that it tells of. Nothing: keeps none, and forgets those that are there with the places
    /// of their readers. The numbers go on where they were.
    awaitable<void> set_event_log(std::optional<int> events) const
    {
        return detail::at_home(core_, detail::set_limit(core_, event_log{.events = events}));
    }
    /// A reader of the event log. Throws `errc::invalid_argument`, field `name`.
    event_stream stream(stream_options options = {}) const
    {
        return event_stream{detail::make_stream(core_, std::move(options))};
    }
    /// Forgets the place that `event_stream::save` has kept.
    awaitable<void> remove_cursor(std::string name) const
    {
        return detail::at_home(core_, detail::remove_cursor(core_, std::move(name)));
    }

    /// Counts the jobs that end, and keeps the counts of the last so many minutes (1 ... 44'640), from now on, for all
    /// processes. Nothing: counts none, and forgets what was counted.
    awaitable<void> set_metrics(std::optional<int> minutes) const
    {
        return detail::at_home(core_, detail::set_limit(core_, metrics_log{.minutes = minutes}));
    }
    /// What was counted in these minutes, and how long jobs are waiting now (which needs no `set_metrics`).
    awaitable<queue_metrics> get_metrics(metrics_range of = {}) const
    {
        return detail::at_home(core_, detail::get_metrics(core_, of));
    }

    /// As `job::wait_until_finished`.
    awaitable<raw_json> wait_until_finished(job_id id, milliseconds timeout) const
    {
        return detail::decode_result<raw_json>(
            detail::at_home(core_, detail::wait_until_finished(core_, std::move(id), timeout)),
            detail::how_to_decode(core_)
        );
    }

    /// Removes a job in any state but active (`errc::wrong_state`). False: no job has this id.
    awaitable<bool> remove(job_id id) const { return detail::at_home(core_, detail::remove(core_, std::move(id))); }
    /// Lets a completed or failed job run again. `errc::not_found`, `errc::wrong_state`.
    awaitable<void> retry(job_id id, retry_options options = {}) const
    {
        return drop(detail::at_home(core_, detail::change(core_, std::move(id), retrial{.options = options})));
    }
    /// Lets a delayed job wait no longer for its time. `errc::not_found`, `errc::wrong_state`.
    awaitable<void> promote(job_id id) const
    {
        return drop(detail::at_home(core_, detail::change(core_, std::move(id), promotion{})));
    }
    /// A job that has not finished fails, with "cancelled: " and `why` for its reason, and is not tried again. One that
    /// runs is asked to end first, in this process at once, in others when its lock is renewed; what it returns is
    /// dropped, unless it has ended before it heard of it. `errc::not_found`, `errc::wrong_state`.
    awaitable<void> cancel(job_id id, std::string why) const
    {
        return drop(detail::at_home(core_, detail::change(core_, std::move(id), cancellation{.why = std::move(why)})));
    }

    // Many jobs: in transactions of at most 1'000, with other work between them. Where one throws or the process ends,
    // what was done stays done; call again to go on. Each answers how many jobs were changed.

    /// Removes what waits, with `including_delayed` also what waits for its time. Running jobs go on.
    awaitable<std::size_t> drain(bool including_delayed = false, progress_callback progress = {}) const
    {
        return detail::at_home(core_, detail::drain(core_, including_delayed, std::move(progress)));
    }
    /// Removes jobs of one state, oldest first where it is a finished one.
    awaitable<std::size_t> clean(clean_request request) const
    {
        return detail::at_home(core_, detail::clean(core_, std::move(request)));
    }
    /// Lets jobs run again that had failed (or completed) when it was called: all of them, or at most `limit`.
    awaitable<std::size_t> retry_all(retry_request request = {}) const
    {
        return detail::at_home(core_, detail::retry_all(core_, std::move(request)));
    }
    /// Lets all delayed jobs wait no longer for their time.
    awaitable<std::size_t> promote_all(progress_callback progress = {}) const
    {
        return detail::at_home(core_, detail::promote_all(core_, std::move(progress)));
    }
    /// Removes every job, and what was set for the queue. With a job that is active: `errc::wrong_state` before
    /// anything is removed, or with `force` that one too, and who runs it finds its lock lost. Pause the queue first,
    /// and add nothing meanwhile: what is added while this runs may be removed or may stay.
    awaitable<void> obliterate(bool force = false, progress_callback progress = {}) const
    {
        return detail::at_home(core_, detail::obliterate(core_, force, std::move(progress)));
    }

    /// What happens to the jobs of this queue through this process. Lives as long as any handle. Whoever connects
    /// includes `cofila/events.hpp`.
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
