#pragma once
#include <cofila/error.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>

#include <memory>
#include <optional>
#include <utility>

#include "async/context_life.hpp"

namespace cofila {

class event_loop;
using loop_ptr = std::shared_ptr<event_loop>;

/// Where an engine and everything that belongs to it live: an executor on which one thing happens at a time. It may
/// outlive the executor's context, and knows when that has gone. Objects that may outlive the context too hold this
/// one, never a copy of the executor: a strand that is left over would reach into the destroyed context.
class event_loop final : public context_user {
public:
    /// The executor as it is.
    static loop_ptr at(boost::asio::any_io_executor executor);
    /// The executor, or a strand of its own on it if several threads may run the executor.
    static loop_ptr alone_on(boost::asio::any_io_executor executor);

    explicit event_loop(boost::asio::any_io_executor executor);
    ~event_loop() { life_->detach(*this); }

    /// On the loop only, or where the context certainly exists.
    const boost::asio::any_io_executor& executor() const noexcept { return executor_; }

    /// True on the loop, and where that is unknown. From any thread.
    bool is_current() const;
    /// The same, but false where that is unknown.
    bool is_surely_current() const;
    /// True for a coroutine that belongs to this executor and is running on it. From any thread.
    bool is_here(const boost::asio::any_io_executor& where) const;

    /// Calls `what(executor())` while the context cannot go. Returns false if it has gone. From any thread.
    template <class Function>
    bool use(Function what) const
    {
        return life_->while_alive([&] { what(executor_); });
    }
    /// Has `what` called on the loop soon. Returns false if the context has gone and it will not be called. From any
    /// thread.
    template <class Function>
    bool post(Function what) const
    {
        return use([&](const auto& executor) { boost::asio::post(executor, std::move(what)); });
    }
    /// Calls `what` at once on the loop; elsewhere as `post`.
    template <class Function>
    bool run(Function what) const
    {
        auto where = place::elsewhere;
        const bool alive = use([&](const auto& executor) {
            where = this_thread();
            if (where == place::elsewhere)
                boost::asio::post(executor, std::move(what));
            else if (where == place::unknown)
                boost::asio::dispatch(executor, std::move(what));
        });
        if (where == place::here)
            what();
        return alive;
    }

    const std::shared_ptr<context_life>& life() const noexcept { return life_; }
    void context_ends(remains& dropped) override;

private:
    enum class place { here, elsewhere, unknown };  // unknown: an executor of a type that we do not know
    place this_thread() const;

    boost::asio::any_io_executor executor_;
    std::optional<boost::asio::strand<boost::asio::any_io_executor>> strand_;
    // within executor_; null if it is of another type
    const boost::asio::io_context::executor_type* context_ = nullptr;
    const std::shared_ptr<context_life> life_;
};

/// The error of a call that cannot reach its engine any more.
error loop_has_gone();

}  // namespace cofila
