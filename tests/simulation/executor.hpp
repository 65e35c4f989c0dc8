#pragma once
#include <boost/asio/execution/blocking.hpp>
#include <boost/asio/execution/context.hpp>

#include <memory>
#include <utility>

#include "scheduler.hpp"

namespace cofila::sim {

/// All that Asio asks of an executor: somewhere to put a function, and the context that services belong to. As that of
/// an io_context it calls what is dispatched on its own thread on the spot, unless it is told never to.
class executor {
public:
    using blocking_t = boost::asio::execution::blocking_t;

    explicit executor(lane& where, bool on_the_spot = true) : where_{&where}, on_the_spot_{on_the_spot} {}

    boost::asio::execution_context& query(boost::asio::execution::context_t) const noexcept { return *where_; }
    blocking_t query(blocking_t) const noexcept
    {
        return on_the_spot_ ? blocking_t{blocking_t::possibly} : blocking_t{blocking_t::never};
    }
    executor require(blocking_t::possibly_t) const { return executor{*where_, true}; }
    executor require(blocking_t::never_t) const { return executor{*where_, false}; }

    template <class Function>
    void execute(Function what) const
    {
        if (on_the_spot_ && where_->is_running())
            return static_cast<void>(what());
        // Shared only because std::function wants to copy; what Asio gives us can only be moved.
        where_->push([held = std::make_shared<Function>(std::move(what))] {
            auto once = std::move(*held);
            once();
        });
    }

    /// Whether what runs now runs here.
    bool is_here() const noexcept { return where_->is_running(); }

    friend bool operator==(const executor& a, const executor& b) noexcept
    {
        return a.where_ == b.where_ && a.on_the_spot_ == b.on_the_spot_;
    }

private:
    lane* where_;
    bool on_the_spot_;
};

}  // namespace cofila::sim
