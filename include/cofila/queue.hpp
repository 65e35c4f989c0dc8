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

/// A named queue of an engine, as a cheap, copyable handle; all handles of one name share the same core. `Payload` is
/// what a job carries, `Result` what its processor returns; both go through `encode` and `decode`. If `Result` is
/// `void`, jobs have no result, and null is stored. The operations that need neither type are those of `queue_view`,
/// which also documents thread, cancellation and errors for all operations.
template <class Payload = boost::json::value, class Result = boost::json::value>
class queue : public queue_view {
public:
    using job_type = job<Payload, Result>;

    queue() = default;  ///< Refers to no queue and must not be used.
    explicit queue(detail::queue_ptr core) : queue_view{std::move(core)} {}

    /// Adds a job and returns it once it is stored. `name` distinguishes kinds of jobs: 1 to 200 bytes of UTF-8 without
    /// control characters. If a job with `options.id` exists, in any state, nothing is added and that job is returned.
    /// Errors: `errc::invalid_argument` (names the field), `errc::payload_too_large`; nothing was stored.
    awaitable<add_result<Payload, Result>> add(std::string name, Payload data, job_options options = {}) const
    {
        return add_to(core(), std::move(name), std::move(data), std::move(options));
    }
    /// Adds many jobs in one transaction, all or none. An error names the index of the faulty element, as in
    /// `[3].priority`.
    awaitable<std::vector<added>> add_bulk(std::vector<job_spec<Payload>> jobs) const
    {
        return add_all_to(core(), std::move(jobs));
    }

    /// Returns the job; unset if no job has this id.
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
    /// Waits as `job::wait_until_finished` does.
    awaitable<Result> wait_until_finished(job_id id, milliseconds timeout) const
    {
        return detail::decode_result<Result>(
            detail::at_home(core(), detail::wait_until_finished(core(), std::move(id), timeout)),
            detail::how_to_decode(core())
        );
    }

    /// Claims the next jobs, in (priority, position) order, at most `limit`: the worker's side, for processing by hand.
    /// Returns none if nothing can be claimed within `wait`. A cancelled call gives back what it claims meanwhile. Each
    /// job must be finished with `complete`, `fail` or `release` before its lock ends.
    awaitable<std::vector<claimed_job<Payload, Result>>> fetch_next_and_lock(claim_request request) const
    {
        return fetch(core(), std::move(request));
    }
    /// Completes the job. This and the next three functions throw `errc::lock_lost`, having changed nothing, unless the
    /// claim's token holds the job's lock.
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
    /// Ends the attempt in failure: another one follows, according to attempts and backoff, or the job fails for good.
    awaitable<void> fail(claim held, failure why) const
    {
        return detail::at_home(core(), detail::fail(core(), std::move(held), std::move(why)));
    }
    /// Gives the job back: it waits in its old place, and no attempt is counted.
    awaitable<void> release(claim held) const
    {
        return detail::at_home(core(), detail::release(core(), std::move(held)));
    }
    /// Lets the lock end `duration` from now. 1 ms ... 366 days.
    awaitable<void> extend_lock(claim held, milliseconds duration) const
    {
        return detail::at_home(core(), detail::extend_lock(core(), std::move(held), duration));
    }

    /// Starts the engine's maintenance with the default options if `engine_options::maintenance` is off. Idempotent.
    void start_maintenance() const { detail::start_maintenance(core()); }
    /// Closes the queue for all its handles: first its workers, as `worker::close` does. Afterwards every call throws
    /// `errc::closed`. Idempotent.
    awaitable<void> close() const { return detail::at_home(core(), detail::close(core())); }

private:
    // Static, so that an awaitable that has not been awaited yet may outlive the handle it came from.
    static awaitable<add_result<Payload, Result>> add_to(
        detail::queue_ptr core, std::string name, Payload data, job_options options
    )
    {
        // Not kept in a variable: the coroutine would hold it while it waits.
        auto adding = detail::add(
            core, {.name = std::move(name), .data = detail::encode_as("data", data), .options = std::move(options)}
        );
        const auto where = co_await boost::asio::this_coro::executor;
        if (detail::is_at_home(core, where))  // as `at_home` has it, without another coroutine
            co_return detail::typed<Payload, Result>(co_await std::move(adding));
        co_return detail::typed<Payload, Result>(co_await detail::at_home(core, std::move(adding)));
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
