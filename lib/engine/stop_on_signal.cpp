#include <cofila/stop_on_signal.hpp>

#include <boost/asio/signal_set.hpp>

#include <csignal>
#include <mutex>
#include <optional>
#include <utility>

#include "async/event_loop.hpp"

namespace cofila {

namespace asio = boost::asio;

struct stop_on_signal::state final : context_user, std::enable_shared_from_this<state> {
    explicit state(std::vector<detail::worker_ptr> stopped)
        : workers{std::move(stopped)},
          loop{detail::loop_of(workers.front())}
    {
        loop->life()->attach(*this);
    }
    ~state() { loop->life()->detach(*this); }

    const std::vector<detail::worker_ptr> workers;
    const loop_ptr loop;

    void begin()
    {
        const bool alive = loop->use([this](const asio::any_io_executor& executor) {
            signals_.emplace(executor, SIGINT, SIGTERM);
            wait();
        });
        if (!alive)
            throw loop_has_gone();
    }

    /// On any thread, since the guard may be destroyed on any.
    void end()
    {
        const std::lock_guard lock{guard_};
        signals_.reset();
    }

    void context_ends(remains&) override { end(); }

private:
    void wait()
    {
        // Weak: the wait must not keep the state of a guard that is gone.
        signals_->async_wait([weak = weak_from_this()](boost::system::error_code ec, int) {
            if (const auto self = weak.lock(); self && !ec)
                self->on_signal();
        });
    }

    void on_signal()
    {
        const std::lock_guard lock{guard_};
        if (!signals_)
            return;
        ++received_;
        for (const auto& worker : workers)
            detail::stop(worker, received_ == 1 ? std::nullopt : std::optional{milliseconds{0}});
        if (received_ < 2)
            wait();
        else
            signals_->clear();  // the next signal has its default effect
    }

    std::mutex guard_{};
    std::optional<asio::signal_set> signals_{};
    int received_ = 0;
};

stop_on_signal::stop_on_signal(std::vector<detail::worker_ptr> workers)
    : state_{std::make_shared<state>(std::move(workers))}
{
    state_->begin();
}

stop_on_signal::~stop_on_signal() { state_->end(); }

}  // namespace cofila
