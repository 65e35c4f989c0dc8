#include "upkeep/commit_listener.hpp"

#include <boost/asio/this_coro.hpp>

#include <chrono>
#include <memory>
#include <utility>

#include "async/first_of.hpp"

namespace cofila {

namespace asio = boost::asio;

namespace {

/// How long a cancellation by another process may go unnoticed, beside the time that its commit takes.
constexpr milliseconds busy_pause{50};

asio::awaitable<void> keep(asio::awaitable<change_news> answer, std::shared_ptr<change_news> where)
{
    *where = co_await std::move(answer);
}

}  // namespace

commit_listener::commit_listener(std::shared_ptr<runtime> ports, surroundings around)
    : ports_{std::move(ports)},
      around_{std::move(around)}
{}

asio::awaitable<void> commit_listener::run()
{
    for (;;) {
        while (around_.wanted().nothing() && !around_.anyone_busy())
            co_await first_of(ports_->worker_idle.wait(), ports_->worker_busy.wait());
        change_news news;
        std::exception_ptr failed;
        try {
            news = co_await watch();
        } catch (...) {
            failed = std::current_exception();
        }
        if (const auto state = co_await asio::this_coro::cancellation_state;
            state.cancelled() != asio::cancellation_type::none)
            co_return;
        if (news.changed)
            around_.changed(news);
        if (!failed)
            continue;
        // The workers still poll meanwhile.
        around_.failed(failed);
        co_await ports_->time->sleep_until(ports_->time->steady_now() + std::chrono::seconds{1});
    }
}

asio::awaitable<change_news> commit_listener::watch()
{
    auto& store = *ports_->repository;
    if (!around_.wanted().nothing())
        co_return co_await store.changed_elsewhere(around_.wanted);
    // What a look has found is returned, whichever of the two ends first.
    const auto news = std::make_shared<change_news>();
    const auto while_busy = [this] { return change_interest{.any = around_.anyone_busy()}; };
    co_await first_of(keep(store.changed_elsewhere(while_busy, busy_pause), news), ports_->worker_idle.wait());
    co_return *news;
}

}  // namespace cofila
