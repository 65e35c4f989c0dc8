#include "async/context_life.hpp"

#include <boost/asio/execution_context.hpp>
#include <boost/asio/strand.hpp>

namespace cofila {

namespace asio = boost::asio;

namespace {

/// A context that is destroyed shuts its services down first, the newest one before the others: this one while the
/// context and its strands can still be posted to.
class life_service final : public asio::execution_context::service {
public:
    inline static asio::execution_context::id id{};

    explicit life_service(asio::execution_context& context) : service{context}
    {
        asio::use_service<asio::detail::strand_executor_service>(context);  // so that it is the older one
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
    // Dropped last, and without the lock: it ends coroutines, and these own users.
    context_user::remains dropped;
    const std::lock_guard lock{mutex_};
    ended_ = true;
    for (auto* user : std::exchange(users_, {}))
        user->context_ends(dropped);
}

}  // namespace cofila
