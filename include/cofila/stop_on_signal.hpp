#pragma once
#include <cofila/worker.hpp>

#include <memory>
#include <vector>

namespace cofila {

/// Turns SIGINT and SIGTERM into an orderly end: the first signal `stop()`s the workers, the second gives them no
/// grace, the third does what signals do. The destructor ends this. The workers must outlive the guard.
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
