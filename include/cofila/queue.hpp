#pragma once
#include <cofila/codec.hpp>
#include <cofila/detail/core.hpp>
#include <cofila/event_stream.hpp>
#include <cofila/job.hpp>
#include <cofila/queue_types.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace cofila {

namespace detail {

template <class Payload>
std::string encode_element(const Payload& data, std::size_t index)
{
    try {
        return encode_as("data", data);
    } catch (const error& e) {
        throw error{"[" + std::to_string(index) + "].", e};
    }
}

template <class Payload>
std::vector<job_spec<std::string>> encode_all(std::vector<job_spec<Payload>> jobs)
{
    std::vector<job_spec<std::string>> out;
    out.reserve(jobs.size());
    for (auto& job : jobs) {
        auto data = encode_element(job.data, out.size());
        out.push_back({.name = std::move(job.name), .data = std::move(data), .options = std::move(job.options)});
    }
    return out;
}

}  // namespace detail

/// A named queue of an engine: a cheap, copyable handle, all handles of one name share the same core. `Payload` is what
/// a job carries, `Result` what its processor returns; both go through `encode` and `decode`.
///
/// Thread: the engine's. Cancellation: an operation that was started is finished and answered; a cancellation takes
/// effect at the caller's next `co_await`. Errors: `cofila::error`; beside those named below `errc::closed` and the
/// storage codes, with which nothing was changed (but see `errc::outcome_unknown`).
template <class Payload = boost::json::value, class Result = boost::json::value>
class queue {
public:
    using job_type = job<Payload, Result>;
    template <class T>
    using awaitable = boost::asio::awaitable<T>;

    queue() = default;  ///< Refers to no queue and must not be used.
    explicit queue(detail::queue_ptr core) : core_{std::move(core)} {}

    const std::string& name() const { return detail::name(core_); }

    /// Adds a job: it is stored when this returns. `name` tells kinds of jobs apart: 1 to 200 bytes of UTF-8 without
    /// control characters. With `options.id` of a job that exists, in any state, nothing is added and that job is
    /// returned. Errors: `errc::invalid_argument` (names the field), `errc::payload_too_large`; nothing was stored.
    awaitable<add_result<Payload, Result>> add(std::string name, Payload data, job_options options = {}) const
    {
        return add_to(core_, std::move(name), std::move(data), std::move(options));
    }
    /// Adds many in one transaction: all or none. An error names the index of the element at fault, as in
    /// `[3].priority`.
    awaitable<std::vector<added>> add_bulk(std::vector<job_spec<Payload>> jobs) const
    {
        return add_all_to(core_, std::move(jobs));
    }

    /// Nothing where no job has this id.
    awaitable<std::optional<job_type>> get_job(job_id id) const { return find(core_, std::move(id)); }
    awaitable<page<job_type>> get_jobs(job_filter filter = {}, page_request request = {}) const
    {
        return list(core_, std::move(filter), std::move(request));
    }
    awaitable<job_counts> get_job_counts() const { return detail::get_job_counts(core_); }
    /// Of waiting jobs, one count for each of the priorities; at most 1'000 of them.
    awaitable<std::vector<std::size_t>> get_counts_per_priority(std::vector<int> priorities) const
    {
        return detail::get_counts_per_priority(core_, std::move(priorities));
    }
    /// How many waiting jobs are before this one by priority and position, whatever the limits and groups; nothing
    /// where it does not wait.
    awaitable<std::optional<std::size_t>> get_position(job_id id) const
    {
        return detail::get_position(core_, std::move(id));
    }
    /// Oldest first; empty where no job has this id.
    awaitable<page<log_line>> get_job_logs(job_id id, page_request request = {}) const
    {
        return detail::get_job_logs(core_, std::move(id), std::move(request));
    }

    /// Nothing is claimed while paused, by any process; running jobs finish, adds and promotions go on.
    awaitable<void> pause() const { return detail::set_paused(core_, true); }
    awaitable<void> resume() const { return detail::set_paused(core_, false); }
    awaitable<bool> is_paused() const { return detail::is_paused(core_); }

    /// What keeps a job from running, as data and in words. `errc::not_found`.
    awaitable<why_answer> why(job_id id) const { return detail::why(core_, std::move(id)); }

    // Limits are kept in the store and hold for all processes. They are counted from what is there, so that a crash
    // leaves none of them taken.

    /// At most so many jobs of this queue are active at once; nothing: no limit. >= 1.
    awaitable<void> set_global_concurrency(std::optional<int> jobs) const
    {
        return detail::set_limit(core_, global_concurrency{.jobs = jobs});
    }
    /// At most so many jobs are claimed in any window; nothing: no limit.
    awaitable<void> set_rate_limit(std::optional<rate_limit> rate) const
    {
        return detail::set_limit(core_, global_rate{.rate = rate});
    }
    /// What holds for the jobs of each `job_options::group`.
    awaitable<void> set_group(group_options options) const { return detail::set_limit(core_, options); }
    awaitable<queue_limits> get_limits() const { return detail::get_limits(core_); }

    // What happens to the jobs, whoever does it: kept in the store, where somebody wants it to be.

    /// Keeps the newest so many events (1 ... 1'000'000) for `stream`, from now on, for all processes; each costs a row
    /// more in the transaction that it tells of. Nothing: keeps none, and forgets those that are there with the places
    /// of their readers. The numbers go on where they were.
    awaitable<void> set_event_log(std::optional<int> events) const
    {
        return detail::set_limit(core_, event_log{.events = events});
    }
    /// A reader of the event log. Throws `errc::invalid_argument`, field `name`.
    event_stream stream(stream_options options = {}) const
    {
        return event_stream{detail::make_stream(core_, std::move(options))};
    }
    /// Forgets the place that `event_stream::save` has kept.
    awaitable<void> remove_cursor(std::string name) const { return detail::remove_cursor(core_, std::move(name)); }

    /// Counts the jobs that end, and keeps the counts of the last so many minutes (1 ... 44'640), from now on, for all
    /// processes. Nothing: counts none, and forgets what was counted.
    awaitable<void> set_metrics(std::optional<int> minutes) const
    {
        return detail::set_limit(core_, metrics_log{.minutes = minutes});
    }
    /// What was counted, and how long jobs are waiting now (which needs no `set_metrics`).
    awaitable<queue_metrics> get_metrics() const { return detail::get_metrics(core_); }

    /// As `job::wait_until_finished`.
    awaitable<Result> wait_until_finished(job_id id, milliseconds timeout) const
    {
        return decoded(detail::wait_until_finished(core_, std::move(id), timeout));
    }

    /// Removes a job in any state but active (`errc::wrong_state`). False: no job has this id.
    awaitable<bool> remove(job_id id) const { return detail::remove(core_, std::move(id)); }
    /// Lets a completed or failed job run again. `errc::not_found`, `errc::wrong_state`.
    awaitable<void> retry(job_id id, retry_options options = {}) const
    {
        return drop(detail::change(core_, std::move(id), retrial{.options = options}));
    }
    /// Lets a delayed job wait no longer for its time. `errc::not_found`, `errc::wrong_state`.
    awaitable<void> promote(job_id id) const { return drop(detail::change(core_, std::move(id), promotion{})); }
    /// A job that has not finished fails, with "cancelled: " and `why` for its reason, and is not tried again. One that
    /// runs is asked to end first, in this process at once, in others when its lock is renewed; what it returns is
    /// dropped, unless it has ended before it heard of it. `errc::not_found`, `errc::wrong_state`.
    awaitable<void> cancel(job_id id, std::string why) const
    {
        return drop(detail::change(core_, std::move(id), cancellation{.why = std::move(why)}));
    }

    // Many jobs: in transactions of at most 1'000, with other work between them. Where one throws or the process ends,
    // what was done stays done; call again to go on. Each answers how many jobs were changed.

    /// Removes what waits, with `including_delayed` also what waits for its time. Running jobs go on.
    awaitable<std::size_t> drain(bool including_delayed = false, progress_callback progress = {}) const
    {
        return detail::drain(core_, including_delayed, std::move(progress));
    }
    /// Removes jobs of one state, oldest first where it is a finished one.
    awaitable<std::size_t> clean(clean_request request) const { return detail::clean(core_, std::move(request)); }
    /// Lets all jobs run again that had failed (or completed) when it was called.
    awaitable<std::size_t> retry_all(retry_request request = {}) const
    {
        return detail::retry_all(core_, std::move(request));
    }
    /// Lets all delayed jobs wait no longer for their time.
    awaitable<std::size_t> promote_all(progress_callback progress = {}) const
    {
        return detail::promote_all(core_, std::move(progress));
    }
    /// Removes every job, and what was set for the queue. With a job that is active: `errc::wrong_state` before
    /// anything is removed, or with `force` that one too, and who runs it finds its lock lost. Pause the queue first,
    /// and add nothing meanwhile: what is added while this runs may be removed or may stay.
    awaitable<void> obliterate(bool force = false, progress_callback progress = {}) const
    {
        return detail::obliterate(core_, force, std::move(progress));
    }

    /// The worker's side, for processing by hand: takes the next jobs, in (priority, position) order, at most `limit`;
    /// none where nothing can be claimed within `wait`. Finish each with `complete`, `fail` or `release` before its
    /// lock runs out.
    awaitable<std::vector<claimed_job<Payload, Result>>> fetch_next_and_lock(claim_request request) const
    {
        return fetch(core_, std::move(request));
    }
    /// The next four throw `errc::lock_lost`, having changed nothing, unless the claim's token holds the job's lock.
    awaitable<void> complete(claim held, Result result) const
    {
        return finish(core_, std::move(held), std::move(result));
    }
    /// Ends the attempt in failure: another one is due by attempts and backoff, or the job fails for good.
    awaitable<void> fail(claim held, failure why) const { return detail::fail(core_, std::move(held), std::move(why)); }
    /// Gives the job back: it waits in its old place, and no attempt is counted.
    awaitable<void> release(claim held) const { return detail::release(core_, std::move(held)); }
    /// The lock now ends `duration` from now. 1 ms ... 366 days.
    awaitable<void> extend_lock(claim held, milliseconds duration) const
    {
        return detail::extend_lock(core_, std::move(held), duration);
    }

    /// What happens to the jobs of this queue through this process. Lives as long as any handle. Whoever connects
    /// includes `cofila/events.hpp`.
    queue_events& events() const { return detail::events(core_); }

    /// Starts the engine's maintenance where `engine_options::maintenance` is off, with the default options.
    /// Idempotent.
    void start_maintenance() const { detail::start_maintenance(core_); }
    /// Closes the queue for all its handles: first its workers, as `worker::close` does; from then on every call throws
    /// `errc::closed`. Idempotent.
    awaitable<void> close() const { return detail::close(core_); }

    const detail::queue_ptr& core() const noexcept { return core_; }  ///< For the library's own use.

private:
    // Static, so that an awaitable that was not awaited yet outlives the handle it came from.
    static awaitable<add_result<Payload, Result>> add_to(
        detail::queue_ptr core, std::string name, Payload data, job_options options
    )
    {
        job_spec<std::string> spec{
            .name = std::move(name), .data = detail::encode_as("data", data), .options = std::move(options)
        };
        auto done = co_await detail::add(std::move(core), std::move(spec));
        add_result<Payload, Result> out{job_type{std::move(done.job)}};
        out.duplicate = done.duplicate;
        out.deduplicated_by = std::move(done.deduplicated_by);
        co_return out;
    }

    static awaitable<std::vector<added>> add_all_to(detail::queue_ptr core, std::vector<job_spec<Payload>> jobs)
    {
        auto specs = detail::encode_all(std::move(jobs));
        co_return co_await detail::add_bulk(std::move(core), std::move(specs));
    }

    static awaitable<std::optional<job_type>> find(detail::queue_ptr core, job_id id)
    {
        auto found = co_await detail::get_job(std::move(core), std::move(id));
        if (!found)
            co_return std::nullopt;
        co_return job_type{std::move(found)};
    }

    static awaitable<page<job_type>> list(detail::queue_ptr core, job_filter filter, page_request request)
    {
        auto found = co_await detail::get_jobs(std::move(core), std::move(filter), std::move(request));
        page<job_type> out{.next = std::move(found.next)};
        for (auto& job : found.items)
            out.items.emplace_back(std::move(job));
        co_return out;
    }

    static awaitable<std::vector<claimed_job<Payload, Result>>> fetch(detail::queue_ptr core, claim_request request)
    {
        auto taken = co_await detail::fetch_next_and_lock(std::move(core), std::move(request));
        std::vector<claimed_job<Payload, Result>> out;
        for (auto& job : taken) {
            claim held{.id = job->job->id, .token = job->token};
            out.push_back({.claim = std::move(held), .job = job_type{std::move(job)}});
        }
        co_return out;
    }

    static awaitable<void> finish(detail::queue_ptr core, claim held, Result result)
    {
        co_await detail::complete(std::move(core), std::move(held), detail::encode_as("result", result));
    }

    static awaitable<Result> decoded(awaitable<std::string> result)
    {
        co_return decode<Result>(co_await std::move(result));
    }

    static awaitable<void> drop(awaitable<job_snapshot> change) { co_await std::move(change); }

    detail::queue_ptr core_{};
};

}  // namespace cofila
