#pragma once
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "app.hpp"
#include "ward.hpp"

namespace cofila::test {

/// A fetch as a task of its own.
struct fetching {
    fetching(const app& a, queue<int, int> from, claim_request request) : tasks{a.executor}
    {
        tasks.spawn(keep(a, std::move(from), std::move(request), state), state);
    }

    struct outcome {
        bool ended = false;
        milliseconds at{};
        std::vector<claimed_job<int, int>> taken{};
        thrown_error thrown{};
    };
    std::shared_ptr<outcome> state = std::make_shared<outcome>();
    task_group tasks;

    /// "a at 5", "nothing at 5", "waits".
    std::string told() const
    {
        if (!state->ended)
            return "waits";
        const auto what = state->thrown.code     ? state->thrown.text
                          : state->taken.empty() ? std::string{"nothing"}
                                                 : state->taken[0].job.id().str();
        return what + " at " + std::to_string(state->at.count());
    }

    static asio::awaitable<void> keep(
        const app& a, queue<int, int> from, claim_request request, std::shared_ptr<outcome> out
    )
    {
        const auto fetch = [&]() -> asio::awaitable<void> { out->taken = co_await from.fetch_next_and_lock(request); };
        out->thrown = co_await error_of(fetch());
        out->at = a.elapsed();
        out->ended = true;
    }
};

}  // namespace cofila::test
