#pragma once
#include <boost/asio/execution/blocking.hpp>
#include <boost/asio/execution/context.hpp>

#include <memory>
#include <utility>

#include "scheduler.hpp"

namespace cofila::sim {

/// All that Asio asks of an executor: somewhere to put a function, and the context that services belong to. Nothing is
/// ever run on the spot.
class executor {
public:
    explicit executor(lane& where) : where_{&where} {}

    boost::asio::execution_context& query(boost::asio::execution::context_t) const noexcept { return *where_; }
    static constexpr boost::asio::execution::blocking_t query(boost::asio::execution::blocking_t) noexcept
    {
        return boost::asio::execution::blocking.never;
    }
    executor require(boost::asio::execution::blocking_t::never_t) const { return *this; }

    template <class Function>
    void execute(Function what) const
    {
        // Shared only because std::function wants to copy; what Asio gives us can only be moved.
        where_->push([held = std::make_shared<Function>(std::move(what))] {
            auto once = std::move(*held);
            once();
        });
    }

    friend bool operator==(const executor& a, const executor& b) noexcept { return a.where_ == b.where_; }

private:
    lane* where_;
};

}  // namespace cofila::sim
