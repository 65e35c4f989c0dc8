#pragma once
#include <cofila/failure.hpp>
#include <cofila/job_record.hpp>
#include <cofila/time.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

namespace cofila {

/// How long a failed job waits for its next attempt; nothing: there is none, the job fails. Made of a function
/// `(int attempts_made, const failure& why, const job_record& job)`, or of one without the job; it returns
/// `std::optional<milliseconds>` and is called on the engine's executor. `job` is as it was claimed; `attempts_made`
/// counts the failed attempt too. One that throws, or returns less than 0, is reported by `error`, and
/// `backoff::delay` is waited.
class backoff_strategy {
    template <class Function>
    static constexpr bool sees_failure =
        std::is_invocable_r_v<std::optional<milliseconds>, Function&, int, const failure&>;
    template <class Function>
    static constexpr bool sees_job =
        std::is_invocable_r_v<std::optional<milliseconds>, Function&, int, const failure&, const job_record&>;

public:
    using wait = std::optional<milliseconds>;

    backoff_strategy() = default;  ///< None: a worker refuses it.
    backoff_strategy(std::nullptr_t) {}
    template <class Function>
        requires(sees_job<Function> || sees_failure<Function>)
    backoff_strategy(Function decide)
    {
        if constexpr (sees_job<Function>)
            decide_ = std::move(decide);
        else if (std::function<wait(int, const failure&)> call{std::move(decide)})
            decide_ = [call](int attempts_made, const failure& why, const job_record&) {
                return call(attempts_made, why);
            };
    }

    explicit operator bool() const noexcept { return decide_ != nullptr; }
    wait operator()(int attempts_made, const failure& why, const job_record& job) const
    {
        return decide_(attempts_made, why, job);
    }

private:
    std::function<wait(int, const failure&, const job_record&)> decide_{};
};

struct worker_options {
    int concurrency = 1;  ///< Jobs that run at once. 1 ... 10'000.
    /// Claims so many jobs more than can run, so that the next one is at hand when one ends: for short jobs at a small
    /// concurrency. They are locked, and active, a little earlier than they start. 0 ... 10'000.
    int prefetch = 0;
    /// A job whose worker shows no life for so long is rescued by the maintenance and runs again. 2 ms ... 366 days.
    milliseconds lock_duration = std::chrono::seconds{30};
    /// Locks are renewed when the first has no more than this left. 0 < buffer < lock_duration; default: half of it.
    std::optional<milliseconds> lock_renew_buffer{};
    /// With free slots and nothing known to be waiting, ask the store this often all the same. > 0.
    milliseconds poll_interval = std::chrono::seconds{5};
    /// How long a close lets running jobs go on before it cancels them; it ends at most about a second later. Less
    /// than the time after which whoever sends SIGTERM kills: Docker 10 s, Kubernetes 30 s. >= 0.
    milliseconds grace = std::chrono::seconds{8};
    /// How long a processor that was asked to end may take before its slot is given up. > 0.
    milliseconds stuck_after = std::chrono::seconds{30};
    std::string name{
    };  ///< Begins the worker's id, for people who read it. At most 100 bytes, as a job's name; default: "worker".
    std::map<std::string, backoff_strategy> backoff_strategies{};  ///< By the name in `backoff::custom`.
    /// Where processors run; each attempt has a strand of its own there. For processors that compute or block: give a
    /// `thread_pool`'s executor. Default: the engine's executor. The pool must outlive the worker's `run()`.
    std::optional<boost::asio::any_io_executor> executor{};
};

}  // namespace cofila
