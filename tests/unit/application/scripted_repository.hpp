#pragma once
#include <cofila/memory.hpp>
#include <cofila/repository/job_repository.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "async/event.hpp"
#include "async/first_of.hpp"
#include "support/forwarding_repository.hpp"

namespace cofila::test {

/// A memory repository that counts its calls, and fails or keeps its callers waiting when a test says so.
class scripted_repository final : public forwarding_repository<scripted_repository> {
public:
    explicit scripted_repository(
        boost::asio::any_io_executor executor, std::shared_ptr<job_repository> inner = memory_repository()
    )
        : forwarding_repository{std::move(inner)},
          changes{executor},
          own_commits{executor},
          moved_{std::move(executor)}
    {}

    int calls(op which) const { return steps_[index(which)].calls; }
    /// How often it was asked to change something, since `prepared` where that was called.
    int writes() const
    {
        int all = 0;
        for (const auto which :
             {op::add,
              op::settle,
              op::extend,
              op::progress,
              op::data,
              op::log,
              op::set,
              op::set_paused,
              op::remove,
              op::retry,
              op::promote,
              op::change,
              op::change_all,
              op::reset,
              op::set_cursor,
              op::sweep,
              op::register_worker,
              op::forget_worker})
            all += calls(which);
        return all - prepared_;
    }
    /// What a test needed to begin with is there.
    void prepared() { prepared_ += writes(); }
    /// How often it was asked for jobs.
    int claims() const { return claims_; }
    /// The settlements of the last call that had some.
    const std::vector<settlement>& last_settlements() const { return last_settlements_; }
    /// Of all calls together: how many were asked for, whatever the answer was.
    int settlements() const { return settlements_; }
    const std::optional<claim_order>& last_claim() const { return last_claim_; }

    /// The next `times` calls throw, and nothing is done.
    void fail(op which, int times = 1, errc code = errc::storage_busy)
    {
        steps_[index(which)].failures = times;
        steps_[index(which)].code = code;
    }
    /// The next call does what it was asked for, and throws.
    void lose_answer(op which, errc code)
    {
        steps_[index(which)].answers_lost = 1;
        steps_[index(which)].code = code;
    }
    /// Calls wait before anything is done, until `let_go`. As with a real store, a cancellation does not end that.
    void hold_before(op which) { steps_[index(which)].held_before = true; }
    /// What was asked for is done, but not answered until `let_go`.
    void hold_answer(op which) { steps_[index(which)].held_after = true; }
    void let_go(op which)
    {
        steps_[index(which)].held_before = steps_[index(which)].held_after = false;
        moved_.set();
    }
    /// The number of waiting calls.
    int held(op which) const { return steps_[index(which)].waiting; }

    awaitable<add_answer> add_and_claim(job_draft job, time_point now, claim_order order) override
    {
        ++claims_;
        last_claim_ = order;
        return forwarding_repository::add_and_claim(std::move(job), now, std::move(order));
    }
    awaitable<settle_and_claim_answer> settle_and_claim(settle_and_claim_request request) override
    {
        claims_ += request.claim ? 1 : 0;
        if (request.claim)
            last_claim_ = request.claim;
        settlements_ += static_cast<int>(request.settlements.size());
        if (!request.settlements.empty())
            last_settlements_ = request.settlements;
        return forwarding_repository::settle_and_claim(std::move(request));
    }
    awaitable<storage_status> tend() override { return through(op::tend, tend_as(condition)); }
    /// Somebody else changed the store: `changes.set()`. We did: `own_commits.set()`.
    awaitable<change_news> changed_elsewhere(std::function<change_interest()> wanted, milliseconds pause) override
    {
        const bool hurry = pause == milliseconds{};
        return through(
            hurry ? op::changed : op::changed_in_no_hurry,
            next_change(std::move(wanted), hurry ? &watching : &watching_in_no_hurry)
        );
    }

    storage_status condition{};  ///< What `tend` returns.
    event changes;
    event own_commits;
    int watching = 0;  ///< The number of waits for changes.
    int watching_in_no_hurry = 0;

private:
    friend forwarding_repository<scripted_repository>;

    struct step {
        int calls = 0;
        int failures = 0;
        int answers_lost = 0;
        errc code{};
        bool held_before = false;
        bool held_after = false;
        int waiting = 0;
    };

    static std::size_t index(op which) { return static_cast<std::size_t>(which); }

    template <class T>
    awaitable<T> through(op which, awaitable<T> operation)
    {
        auto& at = steps_[index(which)];
        ++at.calls;
        co_await wait_while(at, at.held_before);
        if (at.failures > 0) {
            --at.failures;
            throw error{at.code, "scripted"};
        }
        if constexpr (std::is_void_v<T>) {
            co_await std::move(operation);
            co_await wait_while(at, at.held_after);
        } else {
            auto answer = co_await std::move(operation);
            co_await wait_while(at, at.held_after);
            if (at.answers_lost > 0) {
                --at.answers_lost;
                throw error{at.code, "scripted"};
            }
            co_return answer;
        }
    }

    awaitable<void> wait_while(step& at, const bool& held)
    {
        while (held) {
            ++at.waiting;
            co_await moved_.wait_uninterrupted([] {});
            --at.waiting;
        }
    }

    awaitable<change_news> next_change(std::function<change_interest()> wanted, int* watchers)
    {
        ++*watchers;
        struct leave {
            int* watchers;
            ~leave() { --*watchers; }
        } const at_end{watchers};
        bool changed = false;
        while (!changed && !wanted().nothing())
            changed = co_await first_of(changes.wait(), own_commits.wait());
        co_return change_news{.changed = changed};
    }

    static awaitable<storage_status> tend_as(storage_status condition) { co_return condition; }

    std::array<step, static_cast<std::size_t>(op::end)> steps_{};
    int prepared_ = 0;
    int claims_ = 0;
    int settlements_ = 0;
    std::vector<settlement> last_settlements_{};
    std::optional<claim_order> last_claim_{};
    event moved_;
};

}  // namespace cofila::test
