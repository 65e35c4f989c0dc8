#pragma once
#include <cofila/repository/transition.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

#include "worker/attempt.hpp"

namespace cofila {

struct close_report;

/// Attempts whose locks are held, by the keys of their jobs.
using held_attempts = std::map<std::int64_t, attempt_ptr>;

/// An attempt whose outcome the store is to learn.
struct ended_attempt {
    attempt_ptr attempt{};
    transition change{};
    /// The list of the close report that names it once the store has taken it; null if none does.
    std::vector<job_id> close_report::* list = nullptr;
};

/// One request to the store: attempts that have ended, and jobs to claim.
struct question {
    std::vector<ended_attempt> ended{};
    int claim = 0;
    bool due = false;  ///< It is put because a date has come.
};

/// The books of a worker: which jobs are requested, ready, running, ended and held. A job that was claimed is ready,
/// then it runs in a slot, and once it has ended it waits for the store to learn its outcome. Through all of this it is
/// held, unless its lock is lost. Used on the loop, except for what says otherwise.
class slots {
public:
    using attempts = std::list<attempt_ptr>;

    explicit slots(int concurrency) : concurrency_{concurrency} {}

    int concurrency() const noexcept { return concurrency_; }
    /// Attempts that run already are left alone.
    void set_concurrency(int jobs) noexcept { concurrency_ = jobs; }
    /// A paused worker claims nothing, and nor does one that closes.
    void set_paused(bool paused) noexcept { paused_ = paused; }
    void close() noexcept { closing_ = true; }
    bool closing() const noexcept { return closing_; }
    bool open() const noexcept { return !closing_ && !paused_; }

    /// Jobs that need a slot now or soon: running, ready, or requested.
    int taken() const noexcept { return static_cast<int>(running_.size() + ready_.size()) + requested_; }
    bool has_free_slot() const noexcept { return open() && taken() < concurrency_; }
    /// Whether it closes, and there is nothing left that the store does not know.
    bool finished() const noexcept { return closing_ && taken() == 0 && ended_.empty() && asking_ == 0; }

    /// Jobs that are requested count as taken until the store has returned them.
    void request(int jobs) noexcept { requested_ += jobs; }
    void answered(int jobs) noexcept { requested_ -= jobs; }
    /// Begins a question with the oldest outcomes, at most `settle`; it requests `claim` jobs.
    question ask(int settle, int claim);
    void end_question() noexcept { --asking_; }
    int asking() const noexcept { return asking_; }  ///< Questions under way.

    /// Enters a claimed job as held and ready. Returns the attempt that held it before; null if there was none.
    attempt_ptr take(attempt_ptr claimed);
    /// How many ready attempts have a free slot.
    int startable() const noexcept
    {
        return std::max(0, std::min(static_cast<int>(ready_.size()), concurrency_ - static_cast<int>(running_.size())));
    }
    /// Moves the first ready attempt into a free slot and returns it. Null if there is none, or no slot.
    attempt_ptr start_next();
    /// Frees the slot of an attempt that has ended, or that is given up.
    void vacate(const attempt_ptr& attempt);
    /// Claimed and not started, and no longer to be.
    attempts take_ready() noexcept { return std::exchange(ready_, {}); }
    void drop_ready(const attempt_ptr& attempt) { ready_.remove(attempt); }
    /// Running, and no longer to be waited for.
    attempts take_running() noexcept { return std::exchange(running_, {}); }

    /// Enters the outcome of an attempt, for the next question to the store.
    void settle(ended_attempt&& ended) { ended_.push_back(std::move(ended)); }
    /// The store has not taken these: they are the first of the next question.
    void settle_again(std::vector<ended_attempt> first);
    /// All outcomes that the store does not know.
    std::vector<ended_attempt> take_ended() noexcept { return std::exchange(ended_, {}); }
    /// Drops the outcomes of attempts whose lock was lost meanwhile, and returns these.
    std::vector<attempt_ptr> drop_lost();

    /// The lock needs no renewal any more.
    void let_go(const attempt_ptr& attempt);
    void let_go_of_all();

    const attempts& ready() const noexcept { return ready_; }
    /// Their processors are under way, in the order of their start. Includes attempts whose lock is lost, but not
    /// abandoned ones.
    const attempts& running() const noexcept { return running_; }
    const held_attempts& held() const noexcept { return held_; }
    int unsettled() const noexcept { return static_cast<int>(ended_.size()); }

    // From any thread.
    bool holds(const job_id& which) const;
    std::size_t count_held() const;

private:
    int concurrency_;
    bool paused_ = false;
    bool closing_ = false;
    int asking_ = 0;
    int requested_ = 0;
    attempts ready_{};
    attempts running_{};
    attempts unused_{};  // nodes for the next ones, without attempts
    std::vector<ended_attempt> ended_{};
    held_attempts held_{};
    mutable std::mutex holding_{};  // for other threads that read held_, which only the loop changes
};

}  // namespace cofila
