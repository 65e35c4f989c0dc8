#pragma once
#include <cofila/job_record.hpp>
#include <cofila/job_repository.hpp>

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace cofila::memory {

/// A job with all that goes when it goes.
struct stored_job {
    job_record record{};                      ///< With its attempts.
    std::map<std::int64_t, log_line> logs{};  ///< By the number of the line.
    std::int64_t last_log = 0;
    std::optional<time_point> prune_at{};
    std::optional<std::int64_t> prune_count{};
};

/// Where a job stands among those of its state: (priority, position) waiting, (run_at, position) delayed,
/// (finished_at, key) finished, and (0, key) else. No two jobs of a queue and state have the same.
using place = std::pair<std::int64_t, std::int64_t>;

place place_of(const job_record& job);

/// What operations show of a job: all but its attempts, which only `get` reads.
job_snapshot snapshot(const job_record& job);

/// The jobs of one queue, with one order for each state.
class stored_queue {
public:
    using order = std::map<place, std::int64_t>;  // to the key

    bool paused = false;

    /// Gives the job its position. Its key is set, and its id is not taken.
    const job_record& add(job_record job);
    /// Null: there is none.
    const stored_job* find(const job_id& id) const;
    const stored_job* find(std::int64_t key) const;
    /// By key, or by id where the key is 0.
    const stored_job* find(const job_ref& ref) const;

    const order& jobs_in(job_state state) const { return orders_[static_cast<std::size_t>(state)]; }
    const std::map<job_id, std::int64_t>& ids() const { return ids_; }
    const stored_job& at(std::int64_t key) const { return jobs_.at(key); }

    /// The only way to change a job: `edit` gets its record. Keeps the orders right.
    template <class Edit>
    void change(std::int64_t key, Edit edit)
    {
        auto& job = jobs_.at(key);
        orders_[static_cast<std::size_t>(job.record.state)].erase(place_of(job.record));
        edit(job);
        orders_[static_cast<std::size_t>(job.record.state)].emplace(place_of(job.record), key);
    }
    /// Carries a rule's answer out, the removal too.
    void carry_out(std::int64_t key, const transition& change);
    void remove(std::int64_t key);

    /// Delayed jobs whose time has come, at most `limit`, become waiting. Returns their ids, earliest first.
    std::vector<job_id> promote_due(time_point now, std::size_t limit);
    /// Finished jobs whose retention is over, at most `limit`.
    std::vector<std::int64_t> prunable(time_point now, std::size_t limit) const;

private:
    std::int64_t next_position(transition::placement place);

    std::map<std::int64_t, stored_job> jobs_{};
    std::map<job_id, std::int64_t> ids_{};
    std::array<order, 6> orders_{};
    std::int64_t head_ = 0;  // the smallest and the greatest position given out so far
    std::int64_t tail_ = 0;
};

}  // namespace cofila::memory
