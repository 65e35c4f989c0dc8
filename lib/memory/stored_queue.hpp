#pragma once
#include <cofila/repository/job_record.hpp>
#include <cofila/repository/job_repository.hpp>
#include <cofila/repository/news.hpp>

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "memory/observed.hpp"

namespace cofila::memory {

/// A job with everything that is removed with it.
struct stored_job {
    job_record record{};                      ///< Includes its attempts.
    std::map<std::int64_t, log_line> logs{};  ///< By line number.
    std::int64_t last_log = 0;
    std::optional<time_point> prune_at{};
    std::optional<std::int64_t> prune_count{};
    /// Set if another clock has let it wait: by this one it may still be early.
    std::optional<time_point> not_before{};
};

/// Where a job stands among those of its state: (priority, position) if waiting, (run_at, position) if delayed,
/// (finished_at, key) if finished, and (0, key) otherwise. No two jobs of a queue and state have the same place.
using place = std::pair<std::int64_t, std::int64_t>;

place place_of(const job_record& job);

bool holds_lock(const job_record& job, const std::string& token);

/// What operations show of a job: everything but its attempts, which only `get` reads.
job_snapshot snapshot(const job_record& job);

/// The jobs of one queue, with one order for each state.
class stored_queue {
public:
    using order = std::map<place, std::int64_t>;  // to the key

    queue_settings settings{};
    /// Whether nothing may be claimed now.
    bool rests(time_point now) const
    {
        return settings.paused || (settings.rests_until && *settings.rests_until > now);
    }
    bool grouped = false;                                        ///< It has, or had, a job with a group.
    std::map<std::string, std::int64_t> served{};                ///< The last turn of each group.
    std::map<std::pair<time_point, std::string>, int> claims{};  ///< Recent claims by group, if there is a rate.
    observed watched{};                                          ///< What happens to the jobs, for watchers.

    /// Whether it has a job, or a setting.
    bool is_there() const;
    /// Gives the job its position. Its key must be set, and its id must be free.
    const job_record& add(job_record job);
    /// Returns null if no job holds this deduplication id.
    const stored_job* owner_of(const std::string& dedup_id) const;
    /// The job that is kept for the end of the one with this key; null if there is none.
    const stored_job* kept_for(std::int64_t key) const;
    /// Makes the job let go of its deduplication id.
    void let_go(std::int64_t key);
    /// Returns null if there is none.
    const stored_job* find(const job_id& id) const;
    const stored_job* find(std::int64_t key) const;
    /// By key, or by id if the key is 0.
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
    /// Carries out a transition, including a removal, and reports the job that it frees.
    void carry_out(std::int64_t key, const transition& change, news_list& news);
    /// The same, and reports the job itself first.
    void carry_out(std::int64_t key, const transition& change, job_news::cause why, news_list& news);
    void remove(std::int64_t key, news_list& news);
    /// Removes it unless it still holds its deduplication id: then the sweep does so. Returns whether it is gone.
    bool remove_finished(std::int64_t key, time_point now, news_list& news);

    /// Makes delayed jobs whose time has come wait, at most `limit`, the earliest first. Returns how many.
    std::size_t promote_due(time_point now, std::size_t limit, news_list& news);
    void forget_all_but_jobs();
    /// Forgets the turns of groups that have nothing to run.
    void forget_groups();
    /// Jobs that had to be started by now, whether they were or not; at most `limit`.
    std::vector<std::int64_t> overdue(time_point now, std::size_t limit) const;
    /// Finished jobs whose retention is over, at most `limit`.
    std::vector<std::int64_t> prunable(time_point now, std::size_t limit) const;

private:
    void free_kept(std::int64_t owner, news_list& news);
    std::int64_t next_position(transition::placement place);

    std::map<std::int64_t, stored_job> jobs_{};
    std::map<job_id, std::int64_t> ids_{};
    std::array<order, 6> orders_{};
    std::int64_t head_ = 0;  // the smallest and the greatest position given so far
    std::int64_t tail_ = 0;
};

}  // namespace cofila::memory
