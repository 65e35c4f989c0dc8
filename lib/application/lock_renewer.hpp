#pragma once
#include <boost/asio/awaitable.hpp>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "application/attempt.hpp"
#include "application/runtime.hpp"
#include "async/event.hpp"
#include "domain/renewal_plan.hpp"

namespace cofila {

/// The attempts of one worker whose locks are held, by key: running ones, and ended ones that the store does not know
/// of yet. One whose lock was lost is not among them, though its processor may still run.
using held_attempts = std::map<std::int64_t, attempt_ptr>;

/// Renews all locks of a worker in one operation, in time, declares those lost that could not be renewed, and hears of
/// jobs that were cancelled elsewhere.
class lock_renewer {
public:
    struct callbacks {
        std::function<void(attempt_ptr)> lost;  ///< Takes it out of the held ones.
        std::function<void(attempt_ptr, std::string why)> cancelled;
        /// In a transaction of the application's. Takes it out of the held ones.
        std::function<void(attempt_ptr, job_snapshot)> completed;
        std::function<void(std::exception_ptr)> failed;
    };

    lock_renewer(
        std::shared_ptr<runtime> ports,
        std::string queue,
        domain::lock_timing timing,
        const held_attempts& held,
        callbacks tell
    );

    /// All run until cancelled, side by side: the second one sees to it that a store that does not answer costs the
    /// lock in time, the third one asks about cancellations between two renewals.
    boost::asio::awaitable<void> renew();
    boost::asio::awaitable<void> fence();
    boost::asio::awaitable<void> look();

    /// The first lock was taken. Later ones end later than what these two wait for already.
    void wake()
    {
        if (std::exchange(nothing_to_renew_, false))
            renewals_.set();
        if (std::exchange(nothing_to_fence_, false))
            fences_.set();
    }

    void look_soon() { looks_.set(); }

private:
    std::vector<attempt_ptr> to_renew() const;
    bool holds(const attempt_ptr& attempt) const;
    boost::asio::awaitable<void> renew_all();
    boost::asio::awaitable<void> look_at_all();

    const std::shared_ptr<runtime> ports_;
    const std::string queue_;
    const domain::lock_timing timing_;
    const held_attempts& held_;
    const callbacks tell_;
    event renewals_;
    event fences_;
    event looks_;
    bool nothing_to_renew_ = false;  // each waits for the first lock
    bool nothing_to_fence_ = false;
};

}  // namespace cofila
