#pragma once
#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include <memory>
#include <utility>

#include "async/event.hpp"
#include "ports/commit_watch.hpp"

namespace cofila::sim {

/// Stands for the notifications of writes to the log: the disk in memory sends them when the caller chooses.
class simulated_watch final : public commit_watch {
public:
    explicit simulated_watch(boost::asio::any_io_executor executor)
        : state_{std::make_shared<state>(std::move(executor))}
    {}

    bool start() override { return state_->on = true; }
    void stop() override
    {
        if (std::exchange(state_->on, false))
            state_->news.set();
    }
    boost::asio::awaitable<void> written() override { return next(state_); }
    bool is_on() const noexcept { return state_->on; }
    void tell() { state_->news.set(); }

private:
    struct state {
        explicit state(boost::asio::any_io_executor executor) : news{std::move(executor)} {}

        event news;
        bool on = false;
    };

    static boost::asio::awaitable<void> next(std::shared_ptr<state> of)
    {
        co_await of->news.wait();
        if (!of->on)
            throw boost::system::system_error{boost::asio::error::operation_aborted};
    }

    std::shared_ptr<state> state_;
};

}  // namespace cofila::sim
