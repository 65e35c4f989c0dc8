#pragma once
#include <cofila/codec.hpp>
#include <cofila/detail/core.hpp>
#include <cofila/detail/typed.hpp>
#include <cofila/job.hpp>
#include <cofila/queue_types.hpp>
#include <cofila/queue_view.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace cofila {

/// A named queue of an engine: a cheap, copyable handle, all handles of one name share the same core. `Payload` is what
/// a job carries, `Result` what its processor returns; both go through `encode` and `decode`. `void`: its jobs have no
/// result; null is stored for it. What needs neither is in `queue_view`, which also says what holds for all of it:
/// thread, cancellation, errors.
template <class Payload = boost::json::value, class Result = boost::json::value>
class queue : public queue_view {
public:
    using job_type = job<Payload, Result>;

    queue() = default;  ///< Refers to no queue and must not be used.
    explicit queue(detail::queue_ptr core) : queue_view{std::move(core)} {}

    /// Adds a job: it is stored when this returns. `name` tells kinds of jobs apart: 1 to 200 bytes of UTF-8 without
    /// control characters. With `options.id` of a job that exists, in any state, nothing is added and that job is
    /// returned. Errors: `errc::invalid_argument` (names the field), `errc::payload_too_large`; nothing was stored.
    awaitable<add_result<Payload, Result>> add(std::string name, Payload data, job_options options = {}) const
    {
        return add_to(core(), std::move(name), std::move(data), std::move(options));
    }
    /// Adds many in one transaction: all or none. An error names the index of the element at fault, as in
    /// `[3].priority`.
    awaitable<std::vector<added>> add_bulk(std::vector<job_spec<Payload>> jobs) const
    {
        return add_all_to(core(), std::move(jobs));
    }

    /// Nothing where no job has this id.
    awaitable<std::optional<job_type>> get_job(job_id id) const
    {
        return detail::found_job<Payload, Result>(detail::at_home(core(), detail::get_job(core(), std::move(id))));
    }
    awaitable<page<job_type>> get_jobs(job_filter filter = {}, page_request request = {}) const
    {
        return detail::listed_jobs<Payload, Result>(
            detail::at_home(core(), detail::get_jobs(core(), std::move(filter), std::move(request)))
        );
    }
    /// As `job::wait_until_finished`.
    awaitable<Result> wait_until_finished(job_id id, milliseconds timeout) const
    {
        return detail::decode_result<Result>(
            detail::at_home(core(), detail::wait_until_finished(core(), std::move(id), timeout)),
            detail::how_to_decode(core())
        );
    }

    /// The worker's side, for processing by hand: takes the next jobs, in (priority, position) order, at most `limit`;
    /// none where nothing can be claimed within `wait`. Finish each with `complete`, `fail` or `release` before its
    /// lock runs out.
    awaitable<std::vector<claimed_job<Payload, Result>>> fetch_next_and_lock(claim_request request) const
    {
        return fetch(core(), std::move(request));
    }
    /// The next four throw `errc::lock_lost`, having changed nothing, unless the claim's token holds the job's lock.
    awaitable<void> complete(claim held, result_value<Result> result) const
        requires(!std::is_void_v<Result>)
    {
        return finish(core(), std::move(held), std::move(result));
    }
    awaitable<void> complete(claim held) const
        requires std::is_void_v<Result>
    {
        return finish(core(), std::move(held), {});
    }
    /// Ends the attempt in failure: another one is due by attempts and backoff, or the job fails for good.
    awaitable<void> fail(claim held, failure why) const
    {
        return detail::at_home(core(), detail::fail(core(), std::move(held), std::move(why)));
    }
    /// Gives the job back: it waits in its old place, and no attempt is counted.
    awaitable<void> release(claim held) const
    {
        return detail::at_home(core(), detail::release(core(), std::move(held)));
    }
    /// The lock now ends `duration` from now. 1 ms ... 366 days.
    awaitable<void> extend_lock(claim held, milliseconds duration) const
    {
        return detail::at_home(core(), detail::extend_lock(core(), std::move(held), duration));
    }

    /// Starts the engine's maintenance where `engine_options::maintenance` is off, with the default options.
    /// Idempotent.
    void start_maintenance() const { detail::start_maintenance(core()); }
    /// Closes the queue for all its handles: first its workers, as `worker::close` does; from then on every call throws
    /// `errc::closed`. Idempotent.
    awaitable<void> close() const { return detail::at_home(core(), detail::close(core())); }

private:
    // Static, so that an awaitable that was not awaited yet outlives the handle it came from.
    static awaitable<add_result<Payload, Result>> add_to(
        detail::queue_ptr core, std::string name, Payload data, job_options options
    )
    {
        job_spec<std::string> spec{
            .name = std::move(name), .data = detail::encode_as("data", data), .options = std::move(options)
        };
        co_return detail::typed<Payload, Result>(co_await detail::at_home(core, detail::add(core, std::move(spec))));
    }

    static awaitable<std::vector<added>> add_all_to(detail::queue_ptr core, std::vector<job_spec<Payload>> jobs)
    {
        auto specs = detail::encode_all(std::move(jobs));
        co_return co_await detail::at_home(core, detail::add_bulk(core, std::move(specs)));
    }

    static awaitable<std::vector<claimed_job<Payload, Result>>> fetch(detail::queue_ptr core, claim_request request)
    {
        auto taken = co_await detail::at_home(core, detail::fetch_next_and_lock(core, std::move(request)));
        std::vector<claimed_job<Payload, Result>> out;
        for (auto& job : taken) {
            claim held{.id = job->job->id, .token = job->token};
            out.push_back({.claim = std::move(held), .job = job_type{std::move(job)}});
        }
        co_return out;
    }

    static awaitable<void> finish(detail::queue_ptr core, claim held, result_value<Result> result)
    {
        co_await detail::at_home(core, detail::complete(core, std::move(held), detail::encode_result<Result>(result)));
    }
};

}  // namespace cofila
