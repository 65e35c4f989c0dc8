#pragma once
#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/this_coro.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

#include "store/operation.hpp"

namespace cofila::store {

/// The seam between coroutines and a connection: in production a thread of its own, in a simulation the caller's
/// thread.
class database_port {
public:
    virtual ~database_port() = default;

    /// From any thread. Completes the operation after the commit that made it durable, or with the reason why there was
    /// none.
    virtual void submit(operation_ptr op) = 0;
    /// Finishes what was submitted, and blocks until then. Fails later submissions with `errc::closed`. Idempotent.
    virtual void stop() = 0;
};

template <class Result>
struct outcome {
    std::optional<Result> value{};
    std::optional<error> failed{};
};

template <class Result, class Work>
class typed_operation final : public operation {
public:
    using handler = boost::asio::any_completion_handler<void(outcome<Result>)>;

    typed_operation(kind what, boost::asio::any_io_executor answers_on, Work work, handler done)
        : operation{what, std::move(answers_on)},
          work_{std::move(work)},
          done_{std::move(done)}
    {}

    bool looks_first() const override
    {
        if constexpr (can_look)
            return work_.looks_first();
        return false;
    }

    bool is_short() const override
    {
        if constexpr (requires(const Work& work) { work.is_short(); })
            return work_.is_short();
        return false;
    }

    bool look([[maybe_unused]] tables& db) override
    {
        if constexpr (can_look)
            value_ = work_.look(db);
        return value_.has_value();
    }

    void run(tables& db) override
    {
        if constexpr (std::is_void_v<std::invoke_result_t<const Work&, tables&>>) {
            std::invoke(work_, db);
            value_.emplace();
        } else {
            value_ = std::invoke(work_, db);
        }
    }

    bool shares([[maybe_unused]] const tables& db) const override
    {
        if constexpr (requires { work_.shares(db); })
            return work_.shares(db);
        return false;
    }

    bool needs_confirmation() const override
    {
        if constexpr (can_confirm)
            return value_ && work_.needs_confirmation(*value_);
        return false;
    }

    void confirm([[maybe_unused]] tables& db) override
    {
        if constexpr (can_confirm)
            work_.confirm(db, *value_);
    }

    const plain_add* adds() const noexcept override
    {
        if constexpr (is_add)
            return &work_;
        return nullptr;
    }

    void added([[maybe_unused]] add_answer&& alone) override
    {
        if constexpr (is_add)
            value_ = std::move(alone);
    }

    void answer() override
    {
        auto done = std::move(done_);
        if (failed_)
            std::move(done)(outcome<Result>{.failed = std::move(failed_)});
        else
            std::move(done)(outcome<Result>{.value = std::move(value_)});
    }

private:
    static constexpr bool can_look = requires(const Work& work, tables& db) { work.look(db); };
    static constexpr bool can_confirm =
        requires(const Work& work, tables& db, Result& value) { work.confirm(db, value); };
    static constexpr bool is_add = std::is_same_v<Work, plain_add>;

    const Work work_;
    std::optional<Result> value_{};
    handler done_;
};

/// Has `work(tables&)` done and returns its result. Not cancelled with the caller: an operation that was submitted is
/// finished.
template <class Work>
boost::asio::awaitable<std::invoke_result_t<const Work&, tables&>> perform(
    std::shared_ptr<database_port> port, operation::kind what, Work work
)
{
    using returned = std::invoke_result_t<const Work&, tables&>;
    using result = std::conditional_t<std::is_void_v<returned>, std::monostate, returned>;
    const auto executor = co_await boost::asio::this_coro::executor;
    auto submit = [&](auto done, Work task) {
        port->submit(std::make_unique<typed_operation<result, Work>>(what, executor, std::move(task), std::move(done)));
    };
    // Not with `use_awaitable`, which makes a coroutine of it.
    auto submission = boost::asio::async_initiate<const boost::asio::deferred_t, void(outcome<result>)>(
        submit, boost::asio::deferred, std::move(work)
    );
    auto answered = co_await std::move(submission);
    if (answered.failed)
        throw error{*answered.failed};
    if constexpr (!std::is_void_v<returned>)
        co_return std::move(*answered.value);
}

}  // namespace cofila::store
