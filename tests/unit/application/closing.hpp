#pragma once
#include <boost/asio/awaitable.hpp>

#include <memory>
#include <optional>
#include <utility>

#include "app.hpp"

namespace cofila::test {

/// A processor that waits at a door of its own for each job; what it does once it is cancelled is up to the test.
struct patient {
    explicit patient(const app& a) : out{a.executor} {}

    door out;
    int started = 0;
    int ended = 0;
    int aborted = 0;
    std::optional<int> when_cancelled{};  // this result instead of the exception

    processor<int, int> processor_of()
    {
        return [this](job<int, int> job) -> asio::awaitable<int> {
            ++started;
            const auto e = co_await error_of(out.pass());
            ++ended;
            if (!e.code)
                co_return 42;
            ++aborted;
            CHECK(job.cancelled());
            if (when_cancelled)
                co_return *when_cancelled;
            throw boost::system::system_error{e.code};
        };
    }
};

/// A processor that takes no notice of cancellation.
inline processor<int, int> deaf(door& out, int& ended)
{
    return [&](job<int, int>) -> asio::awaitable<int> {
        co_await out.pass_stubbornly();
        ++ended;
        co_return 42;
    };
}

/// `close()` as a task of its own.
struct closing {
    template <class Worker>
    closing(const app& a, Worker& worker, std::optional<milliseconds> grace = {}) : tasks{a.executor}
    {
        tasks.spawn(keep(worker.close(grace), state), state);
    }

    struct outcome {
        bool ended = false;
        close_report report{};
    };
    std::shared_ptr<outcome> state = std::make_shared<outcome>();
    task_group tasks;

    static asio::awaitable<void> keep(asio::awaitable<close_report> close, std::shared_ptr<outcome> out)
    {
        out->report = co_await std::move(close);
        out->ended = true;
    }
};

}  // namespace cofila::test
