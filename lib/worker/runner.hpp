#pragma once
#include <cofila/detail/core.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "async/event_loop.hpp"
#include "worker/attempt.hpp"

namespace cofila {

/// The coroutines in which the processors of one worker run: as many as attempts have run at once. Each runs one
/// attempt after another and waits in between. On the loop; the processors may run elsewhere.
class runners final : public context_user {
public:
    /// Called on the loop when a processor has ended, unless its attempt was abandoned. Returns the attempt that takes
    /// its place; null if there is none.
    using on_end = std::function<attempt_ptr(const attempt_ptr&, domain::attempt_outcome&&)>;

    /// Called on the loop when a coroutine has ended with an exception that is not its processor's.
    using on_escape = std::function<void(std::exception_ptr)>;

    /// `elsewhere`: where the processors run, each on a strand of its own there. Unset: on the loop.
    runners(
        detail::queue_ptr queue,
        detail::untyped_processor processor,
        std::optional<boost::asio::any_io_executor> elsewhere,
        on_end ended,
        on_escape escaped
    );
    ~runners();

    /// Starts the processor: at once if it runs on the loop. `owner` is kept until the coroutine has ended.
    void start(const attempt_ptr& attempt, const std::shared_ptr<const void>& owner);
    /// Has the processor see the cancellation soon, if it is still under way then.
    void interrupt(const attempt_ptr& attempt) const;
    /// Ends the coroutines that wait, and from now on each when its processor has ended.
    void dismiss();

    void context_ends(remains& dropped) override;

private:
    using runner_ptr = std::shared_ptr<runner>;

    boost::asio::awaitable<void> serve(runner_ptr self, attempt_ptr first, std::shared_ptr<const void> owner);
    detail::job_ptr handle_of(const attempt_ptr& attempt) const;
    auto wait(runner_ptr self, attempt_ptr next);

    const detail::queue_ptr queue_;
    const loop_ptr loop_;
    const std::shared_ptr<const detail::untyped_processor> processor_;
    const std::optional<boost::asio::any_io_executor> elsewhere_;
    const on_end ended_;
    const on_escape escaped_;
    std::vector<runner_ptr> idle_{};
    bool dismissed_ = false;
};

}  // namespace cofila
