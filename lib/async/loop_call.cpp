// The one way by which a call from another executor reaches the engine and comes back. The caller's coroutine is
// suspended with its completion handler kept in a `crossing`; the work is spawned on the loop, and what ended it, a
// return or an error, is copied and posted to the caller's executor, where the handler is resumed. So the caller's
// handler is touched on its own executor only and the loop's cancellation signal on the loop only, and neither side
// needs a lock. A cancellation of the caller is posted to the loop and emitted there; the work then ends, which resumes
// the caller. Either context may be destroyed meanwhile. If the loop's goes, the work is dropped, and the `promise`
// that went along fails the call with `errc::closed`. If the caller's goes, its handler is dropped, and the work goes
// on without a caller.
#include <cofila/detail/on_loop.hpp>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <exception>
#include <utility>

#include "async/ended_with.hpp"
#include "async/event_loop.hpp"
#include "async/slot_guard.hpp"

namespace cofila::detail {

namespace asio = boost::asio;

namespace {

/// A call from another executor that is under way on the loop. It belongs to the caller: when the caller's context
/// goes, the handler is dropped in silence; when the loop's goes, the call fails with an error.
class crossing final : public context_user, public std::enable_shared_from_this<crossing> {
public:
    using handler = asio::any_completion_handler<void()>;

    crossing(loop_ptr loop, asio::any_io_executor caller)
        : loop_{std::move(loop)},
          caller_{std::move(caller)},
          life_{context_life::of(caller_)}
    {
        life_->attach(*this);
    }
    ~crossing() { life_->detach(*this); }

    // On the caller's executor.

    void begin(handler done, asio::awaitable<void> work)
    {
        done_.swap(done);  // not by assignment: that of Boost 1.81 copies what it should move, and never ends
        if (auto slot = asio::get_associated_cancellation_slot(done_); slot.is_connected())
            slot.assign([self = weak_from_this()](asio::cancellation_type type) {
                if (const auto call = self.lock())
                    call->cancel(type);
            });
        promise answers{shared_from_this()};
        loop_->post([answered = std::move(answers), task = std::move(work)]() mutable {
            answered.keep_by(std::move(task));
        });
    }

    const ended_with& ended() const noexcept { return ended_; }

    void context_ends(remains& dropped) override
    {
        caller_ = asio::any_io_executor{};
        dropped.push_back(std::make_shared<handler>(std::move(done_)));
    }

private:
    /// On the loop. Completes the call in any case, since the work may be dropped with its context.
    class promise {
    public:
        explicit promise(std::shared_ptr<crossing> call) : call_{call}, slot_{{call, &call->signal_}} {}
        promise(promise&&) = default;
        promise& operator=(promise&&) = delete;
        ~promise()
        {
            if (call_)
                call_->answer(loop_has_gone());
        }

        void keep_by(asio::awaitable<void> work)
        {
            const auto call = call_;
            const auto slot = call->signal_.slot();
            asio::co_spawn(
                call->loop_->executor(), caught(std::move(work)), asio::bind_cancellation_slot(slot, std::move(*this))
            );
        }
        void operator()(const std::exception_ptr& failed, ended_with how)
        {
            std::exchange(call_, nullptr)->answer(failed ? ended_with{failed} : std::move(how));
        }

    private:
        std::shared_ptr<crossing> call_;
        slot_guard slot_;
    };

    /// On the caller's executor.
    void cancel(asio::cancellation_type type)
    {
        loop_->post([self = shared_from_this(), type] { self->signal_.emit(type); });
    }

    void answer(ended_with how)
    {
        ended_ = std::move(how);
        life_->while_alive([this] { asio::post(caller_, [self = shared_from_this()] { self->resume(); }); });
    }

    /// On the caller's executor.
    void resume()
    {
        auto done = std::move(done_);
        if (auto slot = asio::get_associated_cancellation_slot(done); slot.is_connected())
            slot.clear();
        std::move(done)();
    }

    const loop_ptr loop_;
    asio::any_io_executor caller_;
    const std::shared_ptr<context_life> life_;
    handler done_{};
    ended_with ended_{};
    asio::cancellation_signal signal_{};  // used on the loop
};

}  // namespace

bool is_here(const event_loop& loop, const asio::any_io_executor& where) { return loop.is_here(where); }

asio::awaitable<void> cross(loop_ptr loop, asio::awaitable<void> work)
{
    const auto caller = co_await asio::this_coro::executor;
    const auto call = std::make_shared<crossing>(std::move(loop), caller);
    const auto begin = [call](auto done, asio::awaitable<void> task) { call->begin(std::move(done), std::move(task)); };
    co_await asio::async_initiate<const asio::use_awaitable_t<>, void()>(begin, asio::use_awaitable, std::move(work));
    rethrow(call->ended());
}

}  // namespace cofila::detail
