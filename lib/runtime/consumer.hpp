#pragma once
#include <cofila/detail/core.hpp>
#include <cofila/repository/job_repository.hpp>
#include <cofila/worker.hpp>

#include <boost/asio/awaitable.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace cofila::detail {

/// What takes jobs from a queue, as the queue knows it. On the loop only.
class consumer : public std::enable_shared_from_this<consumer> {
public:
    consumer() = default;
    consumer(const consumer&) = delete;
    consumer& operator=(const consumer&) = delete;
    virtual ~consumer() = default;

    /// Called when there may be something to claim.
    virtual void wake() = 0;
    /// Called when `jobs` more jobs can be claimed. Returns for how many of them this consumer was woken. A busy one
    /// looks once it is idle, and counts for none.
    virtual std::size_t wake_for(std::size_t jobs) = 0;
    /// Called when a date has come and there may be more to claim than another one could take. The same as for one job;
    /// returns whether this consumer was woken. It calls the next one in turn if it, too, cannot take all.
    virtual bool wake_for_date() = 0;
    /// Called when there will be something to claim at `due`.
    virtual void note_due(time_point due) = 0;
    /// Called when another process has changed the store: a job that runs here may have been cancelled.
    virtual void look_for_cancellations() = 0;
    /// Whether it waits with free slots.
    virtual bool is_idle() const = 0;
    /// Whether it holds locks.
    virtual bool is_busy() const = 0;
    /// For a caller that is about to write to the store and can claim on the way: what to claim for this consumer, if
    /// it is idle.
    virtual std::optional<claim_order> offer_claim() = 0;
    /// The result of that claim; null if the store failed.
    virtual void take_offered(const std::vector<job_snapshot>* claimed, steady_time asked) = 0;
    /// Asks a job that it runs to end. Returns false if it does not run it.
    virtual bool cancel_job(const job_id& which, const std::string& why) = 0;
    virtual void stop(std::optional<milliseconds> grace) = 0;
    virtual boost::asio::awaitable<close_report> close(std::optional<milliseconds> grace) = 0;
};

}  // namespace cofila::detail
