#include "application/commit_listener.hpp"

#include <boost/asio/this_coro.hpp>

#include <chrono>
#include <utility>

namespace cofila {

namespace asio = boost::asio;

commit_listener::commit_listener(std::shared_ptr<runtime> ports, surroundings around)
    : ports_{std::move(ports)},
      around_{std::move(around)}
{}

asio::awaitable<void> commit_listener::run()
{
    for (;;) {
        while (!around_.anyone_idle())
            co_await ports_->worker_idle.wait();
        bool changed = true;
        std::exception_ptr failed;
        try {
            changed = co_await ports_->repository->changed_elsewhere(around_.anyone_idle);
        } catch (...) {
            failed = std::current_exception();
        }
        if (const auto state = co_await asio::this_coro::cancellation_state;
            state.cancelled() != asio::cancellation_type::none)
            co_return;
        if (changed)
            around_.wake_all();
        if (!failed)
            continue;
        // The workers' safety poll goes on meanwhile.
        around_.failed(failed);
        co_await ports_->time->sleep_until(ports_->time->steady_now() + std::chrono::seconds{1});
    }
}

}  // namespace cofila
