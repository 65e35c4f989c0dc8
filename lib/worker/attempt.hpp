#pragma once
#include <cofila/detail/core.hpp>
#include <cofila/repository/job_repository.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "async/event_loop.hpp"
#include "domain/attempt_outcome.hpp"

namespace cofila {

/// One claimed job and the processor that runs for it. Lives on the loop; the processor may run elsewhere.
class attempt_run : public std::enable_shared_from_this<attempt_run> {
public:
    using on_end = std::function<void(std::shared_ptr<attempt_run>, domain::attempt_outcome)>;

    attempt_run(job_snapshot claimed, steady_time asked) : job{std::move(claimed)}, asked_at{asked} {}

    /// Starts the processor on `elsewhere`, or on the loop if that is empty. `ended` is called once, on the loop;
    /// `processor` is kept until then.
    void start(
        detail::queue_ptr queue,
        std::shared_ptr<const detail::untyped_processor> processor,
        boost::asio::any_io_executor elsewhere,
        on_end ended
    );

    /// Asks the processor to end, at `now`. A graver reason replaces the one that stands.
    void cancel(cancel_reason reason, steady_time now, std::string text = {});

    const job_snapshot job;
    steady_time asked_at;  ///< When the lock was last requested: it is ours for `lock_duration` from then.
    steady_time started_at{};
    cancel_reason cancelled = cancel_reason::none;
    std::string cancelled_why{};    ///< Set if the job was cancelled.
    steady_time asked_to_end_at{};  ///< Set if `cancelled` is a reason.
    bool told_of = false;           ///< It was reported as running long.
    job_snapshot completed{};       ///< The job as the store reported it completed before its end; null if it did not.
    bool abandoned = false;         ///< Given up: a later result of the processor is dropped.
    std::optional<steady_time> ended_at{};  ///< Set while it waits for the store to take its outcome.

    bool lost() const noexcept { return cancelled == cancel_reason::lock_lost; }
    job_ref ref() const { return job_ref::of(*job); }

private:
    loop_ptr loop_{};                           // null if not started, or ended
    boost::asio::any_io_executor elsewhere_{};  // empty if the processor runs on the loop
    boost::asio::cancellation_signal signal_{};
    const std::shared_ptr<std::atomic<cancel_reason>> told_ =
        std::make_shared<std::atomic<cancel_reason>>(cancel_reason::none);
};

using attempt_ptr = std::shared_ptr<attempt_run>;

}  // namespace cofila
