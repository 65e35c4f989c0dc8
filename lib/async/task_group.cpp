#include "async/task_group.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include <utility>

namespace cofila {

namespace asio = boost::asio;

namespace {

bool is_operation_aborted(std::exception_ptr error)
{
    try {
        std::rethrow_exception(std::move(error));
    } catch (const boost::system::system_error& e) {
        return e.code() == asio::error::operation_aborted;
    } catch (...) {
        return false;
    }
}

}  // namespace

struct task_group::state {
    explicit state(const asio::any_io_executor& ex) : executor{ex}, idle{ex} {}

    asio::any_io_executor executor;
    event idle;
    std::list<asio::cancellation_signal> running{};
    std::exception_ptr first_error{};
    bool cancelled = false;
};

task_group::task_group(asio::any_io_executor executor) : state_{std::make_shared<state>(executor)} {}

task_group::~task_group() { cancel(); }

void task_group::spawn(asio::awaitable<void> task, std::shared_ptr<const void> owner)
{
    const auto signal = state_->running.emplace(state_->running.end());
    auto ended = [s = state_, signal, kept = std::move(owner)](std::exception_ptr error) {
        s->running.erase(signal);
        const bool as_asked = s->cancelled && error && is_operation_aborted(error);
        if (error && !as_asked && !s->first_error)
            s->first_error = error;
        if (s->running.empty())
            s->idle.set();
    };
    asio::co_spawn(state_->executor, std::move(task), asio::bind_cancellation_slot(signal->slot(), std::move(ended)));
}

void task_group::cancel()
{
    state_->cancelled = true;
    // Cancelling may end a task on the spot, and so take its signal out of the list.
    for (auto it = state_->running.begin(); it != state_->running.end();)
        (it++)->emit(asio::cancellation_type::terminal);
}

bool task_group::empty() const noexcept { return state_->running.empty(); }

asio::awaitable<void> task_group::join()
{
    const auto s = state_;
    while (!s->running.empty())
        co_await s->idle.wait();
    if (s->first_error)
        std::rethrow_exception(std::exchange(s->first_error, nullptr));
}

}  // namespace cofila
