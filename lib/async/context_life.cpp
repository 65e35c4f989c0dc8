// An engine may outlive the io_context it was opened on, and everything that holds an executor of a context that was
// destroyed would reach into freed memory. So a service in each context gives notice: a context shuts down its newest
// services first, and this one makes sure that the strands' service is older, so that at the notice the context and its
// strands can still be posted to. `end` marks the context as gone and calls every user once, under the lock; a user
// gives up its executors and hands its waiting handlers over. These are destroyed last and without the lock, because
// that ends coroutines, which own users and detach them. From then on `while_alive` calls nothing. While it calls, the
// context cannot go: the thread that destroys it waits for the lock, and that is why the callee must not block.
#include "async/context_life.hpp"

#include <boost/asio/execution_context.hpp>
#include <boost/asio/strand.hpp>

namespace cofila {

namespace asio = boost::asio;

namespace {

/// A context that is destroyed shuts its services down, the newest first: this one while the context and its strands
/// can still be posted to.
class life_service final : public asio::execution_context::service {
public:
    inline static asio::execution_context::id id{};

    explicit life_service(asio::execution_context& context) : service{context}
    {
        asio::use_service<asio::detail::strand_executor_service>(context);  // so that this one is older
    }

    const std::shared_ptr<context_life> life = std::make_shared<context_life>();

private:
    void shutdown() override { life->end(); }
};

}  // namespace

std::shared_ptr<context_life> context_life::of(const asio::any_io_executor& executor)
{
    return asio::use_service<life_service>(asio::query(executor, asio::execution::context)).life;
}

void context_life::attach(context_user& user)
{
    const std::lock_guard lock{mutex_};
    if (!ended_)
        users_.insert(&user);
}

void context_life::detach(context_user& user)
{
    const std::lock_guard lock{mutex_};
    users_.erase(&user);
}

void context_life::end()
{
    // Destroyed last and without the lock: that ends coroutines, which own users.
    context_user::remains dropped;
    const std::lock_guard lock{mutex_};
    ended_ = true;
    for (auto* user : std::exchange(users_, {}))
        user->context_ends(dropped);
}

}  // namespace cofila
