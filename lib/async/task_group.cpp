// Every coroutine of the library has an owner that ends it: a group spawns and joins it, or it serves the slots of a
// worker (worker/runner.cpp), which resumes it for the last time when it closes. Only one whose attempt was abandoned
// outlives the close, with the processor that does not end.
//
// Each task has a cancellation signal in a list that the group and the tasks' completion handlers share, so that the
// group object may go first. The handler takes its signal out of the list before it reports the end; its destructor
// does the same for a task that is dropped with its context and never completes. `join` waits until the list is empty,
// then throws the first error that escaped from a task. `cancel` steps the iterator before it emits, since a
// cancellation may end the task on the spot and remove its signal.
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
    explicit state(loop_ptr of) : loop{std::move(of)}, idle{loop} {}

    const loop_ptr loop;
    event idle;
    std::list<asio::cancellation_signal> running{};
    std::exception_ptr first_error{};
    bool cancelled = false;

    void ended(std::exception_ptr error)
    {
        const bool as_asked = cancelled && error && is_operation_aborted(error);
        if (error && !as_asked && !first_error)
            first_error = error;
        if (running.empty())
            idle.set();
    }
};

/// The end of a task, also if it is never called: a task that goes with its context leaves no signal behind.
class task_group::ending {
public:
    using place = std::list<asio::cancellation_signal>::iterator;

    ending(std::shared_ptr<state> of, place signal, std::shared_ptr<const void> owner)
        : state_{std::move(of)},
          signal_{signal},
          owner_{std::move(owner)}
    {}
    ending(ending&&) = default;
    ending& operator=(ending&&) = delete;
    ~ending() { forget(); }

    void operator()(std::exception_ptr error)
    {
        const auto group = state_;
        forget();
        group->ended(std::move(error));
    }

private:
    void forget()
    {
        if (const auto group = std::exchange(state_, nullptr))
            group->running.erase(signal_);
    }

    std::shared_ptr<state> state_;
    place signal_;
    std::shared_ptr<const void> owner_;
};

task_group::task_group(loop_ptr loop) : state_{std::make_shared<state>(std::move(loop))} {}

task_group::~task_group() { cancel(); }

void task_group::spawn(asio::awaitable<void> task, std::shared_ptr<const void> owner)
{
    const auto signal = state_->running.emplace(state_->running.end());
    ending ended{state_, signal, std::move(owner)};
    asio::co_spawn(
        state_->loop->executor(), std::move(task), asio::bind_cancellation_slot(signal->slot(), std::move(ended))
    );
}

void task_group::cancel()
{
    state_->cancelled = true;
    // A cancellation may end a task on the spot, which takes its signal out of the list.
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
