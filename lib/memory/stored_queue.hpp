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

#include "memory/observed.hpp"

namespace cofila::memory {

/// A job with all that goes when it goes.
struct stored_job {
    job_record record{};                      ///< With its attempts.
    std::map<std::int64_t, log_line> logs{};  ///< By the number of the line.
    std::int64_t last_log = 0;
    std::optional<time_point> prune_at{};
    std::optional<std::int64_t> prune_count{};
    std::optional<time_point> not_before{};  ///< Where a clock has let it wait: by another one it may be early still.
};

/// Where a job stands among those of its state: (priority, position) waiting, (run_at, position) delayed,
/// (finished_at, key) finished, and (0, key) else. No two jobs of a queue and state have the same.
using place = std::pair<std::int64_t, std::int64_t>;

place place_of(const job_record& job);

bool holds_lock(const job_record& job, const std::string& token);

/// What operations show of a job: all but its attempts, which only `get` reads.
job_snapshot snapshot(const job_record& job);

/// The jobs of one queue, with one order for each state.
class stored_queue {
public:
    using order = std::map<place, std::int64_t>;  // to the key

    queue_limits limits{};
    /// Nothing may be claimed now.
    bool rests(time_point now) const { return limits.paused || (limits.rests_until && *limits.rests_until > now); }
    bool grouped = false;                                        ///< It has, or had, a job with a group.
    std::map<std::string, std::int64_t> served{};                ///< The last turn of each group.
    std::map<std::pair<time_point, std::string>, int> claims{};  ///< Of late, by group, where there is a rate.
    observed watched{};           ///< What happens to the jobs, where somebody wants to know.
    std::vector<job_id> freed{};  ///< Jobs that were kept for the end of another and wait now; to be told of.

    /// It has a job, or something was set for it.
    bool is_there() const;
    /// Gives the job its position. Its key is set, and its id is not taken.
    const job_record& add(job_record job);
    /// Null: no job holds this deduplication id.
    const stored_job* owner_of(const std::string& dedup_id) const;
    /// The job that is kept for the end of that one.
    const stored_job* kept_for(std::int64_t key) const;
    /// It holds its deduplication id no more.
    void let_go(std::int64_t key);
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
        const auto before = watched.any() ? std::optional{job.record} : std::nullopt;
        orders_[static_cast<std::size_t>(job.record.state)].erase(place_of(job.record));
        edit(job);
        orders_[static_cast<std::size_t>(job.record.state)].emplace(place_of(job.record), key);
        if (before)
            watched.note(&*before, &job.record);
    }
    /// Carries a rule's answer out, the removal too.
    void carry_out(std::int64_t key, const transition& change);
    void remove(std::int64_t key);
    /// Unless it holds its deduplication id still: then the sweep does it.
    void remove_finished(std::int64_t key, time_point now);

    /// Delayed jobs whose time has come, at most `limit`, become waiting. Returns their ids, earliest first.
    std::vector<job_id> promote_due(time_point now, std::size_t limit);
    void forget_all_but_jobs();
    /// Groups that have nothing to run need no turn any more.
    void forget_groups();
    /// Jobs that were to be started by now, at most `limit`, whether they were or not.
    std::vector<std::int64_t> overdue(time_point now, std::size_t limit) const;
    /// Finished jobs whose retention is over, at most `limit`.
    std::vector<std::int64_t> prunable(time_point now, std::size_t limit) const;

private:
    void free_kept(std::int64_t owner);
    std::int64_t next_position(transition::placement place);

    std::map<std::int64_t, stored_job> jobs_{};
    std::map<job_id, std::int64_t> ids_{};
    std::array<order, 6> orders_{};
    std::int64_t head_ = 0;  // the smallest and the greatest position given out so far
    std::int64_t tail_ = 0;
};

}  // namespace cofila::memory
