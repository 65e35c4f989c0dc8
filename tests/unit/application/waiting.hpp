#pragma once
#include <memory>
#include <optional>
#include <utility>

#include "app.hpp"
#include "ward.hpp"

namespace cofila::test {

/// A wait as a task of its own.
struct waiting {
    waiting(app& a, queue<int, int> on, job_id id, milliseconds timeout = 1h) : tasks{a.executor}
    {
        tasks.spawn(keep(a, std::move(on), std::move(id), timeout, state));
    }

    struct outcome {
        bool ended = false;
        std::optional<int> result{};
        thrown_error thrown{};
        milliseconds at{};
    };

    static asio::awaitable<void> keep(
        app& a, queue<int, int> on, job_id id, milliseconds timeout, std::shared_ptr<outcome> out
    )
    {
        const auto wait = [&]() -> asio::awaitable<void> {
            out->result = co_await on.wait_until_finished(id, timeout);
        };
        out->thrown = co_await error_of(wait());
        out->at = a.elapsed();
        out->ended = true;
    }

    std::shared_ptr<outcome> state = std::make_shared<outcome>();
    task_group tasks;
};

}  // namespace cofila::test
