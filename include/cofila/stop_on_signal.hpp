#pragma once
#include <cofila/worker.hpp>

#include <memory>
#include <vector>

namespace cofila {

/// Turns SIGINT and SIGTERM into an orderly shutdown. The first signal calls `stop()` on the workers, the second gives
/// them no grace, and the third has its default effect. The destructor ends the handling of signals. The workers must
/// outlive the guard.
class stop_on_signal {
public:
    template <class... Workers>
    explicit stop_on_signal(Workers&... workers) : stop_on_signal{std::vector<detail::worker_ptr>{workers.core()...}}
    {
        static_assert(sizeof...(Workers) > 0, "name the workers to stop");
    }
    stop_on_signal(const stop_on_signal&) = delete;
    stop_on_signal& operator=(const stop_on_signal&) = delete;
    ~stop_on_signal();

private:
    explicit stop_on_signal(std::vector<detail::worker_ptr> workers);

    struct state;
    std::shared_ptr<state> state_;
};

}  // namespace cofila
