#include "application/commit_listener.hpp"

#include <boost/asio/this_coro.hpp>

#include <chrono>
#include <memory>
#include <utility>

#include "async/first_of.hpp"

namespace cofila {

namespace asio = boost::asio;

namespace {

/// So long a cancellation by another process may stay unnoticed, beside what the commit itself takes.
constexpr milliseconds busy_pause{50};

asio::awaitable<void> keep(asio::awaitable<bool> answer, std::shared_ptr<bool> where)
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
        while (!around_.anyone_idle() && !around_.anyone_busy())
            co_await first_of(ports_->worker_idle.wait(), ports_->worker_busy.wait());
        bool changed = true;
        std::exception_ptr failed;
        try {
            changed = co_await watch();
        } catch (...) {
            failed = std::current_exception();
        }
        if (const auto state = co_await asio::this_coro::cancellation_state;
            state.cancelled() != asio::cancellation_type::none)
            co_return;
        if (changed)
            around_.tell_all();
        if (!failed)
            continue;
        // The workers' safety poll goes on meanwhile.
        around_.failed(failed);
        co_await ports_->time->sleep_until(ports_->time->steady_now() + std::chrono::seconds{1});
    }
}

asio::awaitable<bool> commit_listener::watch()
{
    auto& store = *ports_->repository;
    if (around_.anyone_idle())
        co_return co_await store.changed_elsewhere(around_.anyone_idle);
    // What a look has found is told, whichever of the two ends first.
    const auto changed = std::make_shared<bool>(false);
    co_await first_of(
        keep(store.changed_elsewhere(around_.anyone_busy, busy_pause), changed), ports_->worker_idle.wait()
    );
    co_return *changed;
}

}  // namespace cofila
