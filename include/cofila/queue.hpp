#pragma once
#include <cofila/codec.hpp>
#include <cofila/detail/core.hpp>
#include <cofila/events.hpp>
#include <cofila/job.hpp>
#include <cofila/queue_types.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace cofila {

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
        return list(core_, filter, std::move(request));
    }
    awaitable<job_counts> get_job_counts() const { return detail::get_job_counts(core_); }
    /// Oldest first; empty where no job has this id.
    awaitable<page<log_line>> get_job_logs(job_id id, page_request request = {}) const
    {
        return detail::get_job_logs(core_, std::move(id), std::move(request));
    }

    /// Nothing is claimed while paused, by any process; running jobs finish, adds and promotions go on.
    awaitable<void> pause() const { return detail::set_paused(core_, true); }
    awaitable<void> resume() const { return detail::set_paused(core_, false); }
    awaitable<bool> is_paused() const { return detail::is_paused(core_); }

    /// Removes a job in any state but active (`errc::wrong_state`). False: no job has this id.
    awaitable<bool> remove(job_id id) const { return detail::remove(core_, std::move(id)); }
    /// Lets a completed or failed job run again. `errc::not_found`, `errc::wrong_state`.
    awaitable<void> retry(job_id id, retry_options options = {}) const
    {
        return drop(detail::retry(core_, std::move(id), options));
    }
    /// Lets a delayed job wait no longer for its time. `errc::not_found`, `errc::wrong_state`.
    awaitable<void> promote(job_id id) const { return drop(detail::promote(core_, std::move(id))); }

    /// The worker's side, for processing by hand: takes the next jobs, in (priority, position) order, at most `limit`;
    /// none where nothing is waiting. Finish each with `complete` or `fail` before its lock runs out.
    awaitable<std::vector<claimed_job<Payload, Result>>> fetch_next_and_lock(claim_request request) const
    {
        return fetch(core_, std::move(request));
    }
    /// The next three throw `errc::lock_lost`, having changed nothing, unless the claim's token holds the job's lock.
    awaitable<void> complete(claim held, Result result) const
    {
        return finish(core_, std::move(held), std::move(result));
    }
    /// Ends the attempt in failure: another one is due by attempts and backoff, or the job fails for good.
    awaitable<void> fail(claim held, failure why) const { return detail::fail(core_, std::move(held), std::move(why)); }
    /// The lock now ends `duration` from now. 1 ms ... 366 days.
    awaitable<void> extend_lock(claim held, milliseconds duration) const
    {
        return detail::extend_lock(core_, std::move(held), duration);
    }

    /// What happens to the jobs of this queue through this process. Lives as long as any handle.
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
        co_return out;
    }

    static awaitable<std::vector<added>> add_all_to(detail::queue_ptr core, std::vector<job_spec<Payload>> jobs)
    {
        std::vector<job_spec<std::string>> specs;
        specs.reserve(jobs.size());
        for (auto& job : jobs) {
            auto data = encode_element(job.data, specs.size());
            specs.push_back({.name = std::move(job.name), .data = std::move(data), .options = std::move(job.options)});
        }
        co_return co_await detail::add_bulk(std::move(core), std::move(specs));
    }

    static std::string encode_element(const Payload& data, std::size_t index)
    {
        try {
            return detail::encode_as("data", data);
        } catch (const error& e) {
            throw error{"[" + std::to_string(index) + "].", e};
        }
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
        auto found = co_await detail::get_jobs(std::move(core), filter, std::move(request));
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

    static awaitable<void> drop(awaitable<job_snapshot> change) { co_await std::move(change); }

    detail::queue_ptr core_{};
};

}  // namespace cofila
