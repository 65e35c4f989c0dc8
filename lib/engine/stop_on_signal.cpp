#include <cofila/stop_on_signal.hpp>

#include <boost/asio/signal_set.hpp>

#include <csignal>
#include <utility>

namespace cofila {

namespace asio = boost::asio;

struct stop_on_signal::state : std::enable_shared_from_this<state> {
    state(const asio::any_io_executor& executor, std::vector<detail::worker_ptr> stopped)
        : workers{std::move(stopped)},
          signals{executor, SIGINT, SIGTERM}
    {}

    std::vector<detail::worker_ptr> workers;
    asio::signal_set signals;
    int received = 0;

    void wait()
    {
        // Weak: a guard that is gone must not be kept by its own wait.
        signals.async_wait([weak = weak_from_this()](boost::system::error_code ec, int) {
            if (const auto self = weak.lock(); self && !ec)
                self->on_signal();
        });
    }

    void on_signal()
    {
        ++received;
        for (const auto& worker : workers)
            detail::stop(worker, received == 1 ? std::nullopt : std::optional{milliseconds{0}});
        if (received < 2)
            wait();
        else
            signals.clear();  // the next one does what signals do
    }
};

stop_on_signal::stop_on_signal(std::vector<detail::worker_ptr> workers)
{
    auto executor = detail::executor(workers.front());
    state_ = std::make_shared<state>(std::move(executor), std::move(workers));
    state_->wait();
}

stop_on_signal::~stop_on_signal() { state_->signals.cancel(); }

}  // namespace cofila
