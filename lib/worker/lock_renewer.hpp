#pragma once
#include <boost/asio/awaitable.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "async/event.hpp"
#include "domain/renewal_plan.hpp"
#include "runtime/runtime.hpp"
#include "worker/slots.hpp"

namespace cofila {

/// Renews all locks of a worker in one operation, in time; declares those lost that could not be renewed; and learns
/// which jobs were cancelled elsewhere.
class lock_renewer {
public:
    struct callbacks {
        std::function<void(attempt_ptr)> lost;  ///< Removes it from the held ones.
        std::function<void(attempt_ptr, std::string why)> cancelled;
        /// Completed in a transaction of the application. Removes it from the held ones.
        std::function<void(attempt_ptr, job_snapshot)> completed;
        std::function<void(std::exception_ptr)> failed;
    };

    lock_renewer(std::shared_ptr<runtime> ports, domain::lock_timing timing, const held_attempts& held, callbacks tell);

    /// Three loops that run side by side until cancelled. `fence` declares locks lost in time even if the store does
    /// not respond; `look` asks about cancellations between two renewals.
    boost::asio::awaitable<void> renew();
    boost::asio::awaitable<void> fence();
    boost::asio::awaitable<void> look();

    /// Called when a lock was taken. Only the first one matters: later ones end after what the two loops already wait
    /// for.
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
    const domain::lock_timing timing_;
    const held_attempts& held_;
    const callbacks tell_;
    event renewals_;
    event fences_;
    event looks_;
    bool nothing_to_renew_ = false;  // the loop waits for the first lock
    bool nothing_to_fence_ = false;
};

}  // namespace cofila
