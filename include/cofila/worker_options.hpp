#pragma once
#include <cofila/failure.hpp>
#include <cofila/repository/job_record.hpp>
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

/// Decides how long a failed job waits for its next attempt. It is made from a function
/// `(int attempts_made, const failure& why, const job_record& job)`, or from one without the job, that returns
/// `std::optional<milliseconds>`. If the result is unset, there is no next attempt and the job fails. `job` is the job
/// as it was claimed; `attempts_made` includes the failed attempt. If the function throws or returns less than 0, the
/// `error` event reports it, and the job waits for `backoff::delay`.
///
/// Thread: called on the engine's executor.
class backoff_strategy {
    template <class Function>
    static constexpr bool sees_failure =
        std::is_invocable_r_v<std::optional<milliseconds>, Function&, int, const failure&>;
    template <class Function>
    static constexpr bool sees_job =
        std::is_invocable_r_v<std::optional<milliseconds>, Function&, int, const failure&, const job_record&>;

public:
    using wait = std::optional<milliseconds>;

    backoff_strategy() = default;  ///< Holds no function; a worker refuses it.
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
    /// Number of jobs to claim beyond `concurrency`, so that the next one is at hand when a job ends. Useful for short
    /// jobs at a small concurrency. Such jobs are locked, and active, a little before they start. 0 ... 10'000.
    int prefetch = 0;
    /// A job whose worker does not renew its lock for this long is rescued by the maintenance and runs again.
    /// 2 ms ... 366 days.
    milliseconds lock_duration = std::chrono::seconds{30};
    /// Locks are renewed when the earliest one has no more than this left. 0 < buffer < `lock_duration`. Default: half
    /// of `lock_duration`.
    std::optional<milliseconds> lock_renew_buffer{};
    /// With free slots and no known waiting job, the worker still asks the store this often. > 0.
    milliseconds poll_interval = std::chrono::seconds{5};
    /// How long a close lets running jobs continue before it cancels them. The close ends at most about a second later.
    /// Should be less than the time after which the sender of SIGTERM kills the process: Docker 10 s, Kubernetes 30 s.
    /// >= 0.
    milliseconds grace = std::chrono::seconds{8};
    /// How long a processor may take to end after it was asked to; then its slot is given up. > 0.
    milliseconds stuck_after = std::chrono::seconds{30};
    /// Prefix of the worker's id, for human readers. At most 100 bytes, with the rules of a job's name. Default:
    /// "worker".
    std::string name{};
    std::map<std::string, backoff_strategy> backoff_strategies{};  ///< The strategies by the name in `backoff::custom`.
    /// Where processors run; each attempt has a strand of its own there. For processors that compute or block, set the
    /// executor of a `thread_pool`. Default: the engine's executor. The pool must outlive the worker's `run()`.
    std::optional<boost::asio::any_io_executor> executor{};
};

}  // namespace cofila
