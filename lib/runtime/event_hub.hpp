#pragma once
#include <cofila/events.hpp>

#include <boost/asio/post.hpp>

#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "async/event.hpp"
#include "async/event_loop.hpp"
#include "runtime/describe_exception.hpp"
#include "runtime/reporter.hpp"

namespace cofila {

/// Emits events from a handler of its own, in order, so that no slot ever runs in the middle of an operation. Keeps
/// itself alive while there is something to emit: a slot may drop the last handle of what it listens to. Slots may be
/// connected and disconnected on any thread; everything else happens on the loop.
template <class Signals>
class event_hub : public std::enable_shared_from_this<event_hub<Signals>> {
public:
    event_hub(loop_ptr loop, std::shared_ptr<reporter> reports) : loop_{std::move(loop)}, reports_{std::move(reports)}
    {}

    Signals signals{};

    template <class Signal>
    bool heard(Signal Signals::* which) const
    {
        return !(signals.*which).empty();
    }

    /// A watcher reads the store itself; every event wakes it, whether or not a slot is connected.
    void attach(event& watcher) { watchers_.push_back(&watcher); }
    void detach(event& watcher) { std::erase(watchers_, &watcher); }
    bool is_watched() const noexcept { return !watchers_.empty(); }
    void wake_watchers()
    {
        for (auto* watcher : watchers_)
            watcher->set();
    }

    /// `event`: the event, or a function that makes it, called only if a slot is connected.
    template <class Signal, class Event>
    void emit(Signal Signals::* which, Event event)
    {
        wake_watchers();
        if (!heard(which))
            return;
        if constexpr (std::is_invocable_v<Event>)
            put_off(which, event());
        else
            put_off(which, std::move(event));
    }

    /// Reports a failure that no caller waits for.
    void report(std::exception_ptr error)
    {
        error_event event{.error = error, .text = describe_exception(error).message};
        reports_->log(log_level::warning, event.text);
        emit(&Signals::error, std::move(event));
    }

private:
    template <class Signal, class Event>
    void put_off(Signal Signals::* which, Event event)
    {
        pending_.push_back([this, which, event = std::move(event)] {
            for (const auto& thrown : (signals.*which)(event))
                slot_threw(thrown, std::is_same_v<Event, error_event>);
        });
        if (pending_.size() == 1)
            boost::asio::post(loop_->executor(), [self = this->shared_from_this()] { self->drain(); });
    }

    void drain()
    {
        // Emptied before the first slot runs: events that slots cause are emitted from the next handler.
        const auto calls = std::exchange(pending_, {});
        for (const auto& call : calls)
            call();
    }

    void slot_threw(std::exception_ptr error, bool of_error)
    {
        auto text = describe_exception(error).message;
        reports_->log(log_level::error, "a slot of an event threw: " + text);
        if (!of_error)  // a slot of `error` that throws must not be called for ever
            emit(&Signals::error, error_event{.error = std::move(error), .text = std::move(text)});
    }

    const loop_ptr loop_;
    const std::shared_ptr<reporter> reports_;
    std::vector<std::function<void()>> pending_{};
    std::vector<event*> watchers_{};
};

}  // namespace cofila
