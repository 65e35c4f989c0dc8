#pragma once
#include <boost/asio/cancellation_signal.hpp>

#include <memory>
#include <utility>

namespace cofila {

/// Destroyed with the end of a task, also of one that is dropped with its context, and clears the slot that the task
/// was given: what Asio has left there holds the task's executor, which the signal's owner may outlive.
class slot_guard {
public:
    explicit slot_guard(std::shared_ptr<boost::asio::cancellation_signal> signal) : signal_{std::move(signal)} {}
    slot_guard(slot_guard&&) = default;
    slot_guard& operator=(slot_guard&&) = delete;
    ~slot_guard()
    {
        if (signal_)
            signal_->slot().clear();
    }

private:
    std::shared_ptr<boost::asio::cancellation_signal> signal_;
};

}  // namespace cofila
