#pragma once
#include <cofila/event_log.hpp>
#include <cofila/metrics.hpp>
#include <cofila/repository/job_repository.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "domain/limits.hpp"
#include "store/values.hpp"

namespace cofila::store {

/// What a backend provides: rows, in sets, within an open transaction that may write. No function here decides anything
/// about jobs; the operations beside this file do, by the rules of lib/domain. Queues, jobs and groups are named by
/// numbers, of which none is 0.
///
/// Thread: one at a time. Errors: what the backend throws; the transaction is then undone.
class tables {
public:
    virtual ~tables() = default;

    /// Whether no other process writes until this transaction ends.
    virtual bool is_alone() const noexcept { return true; }
    /// Whether claims from the queue depend on what others have claimed, by its limits or groups: as far as is known
    /// without asking the store.
    virtual bool limits_claims(const std::string& /*queue*/) const { return false; }
    /// What comes next in this operation is a claim of up to `limit` jobs: a backend may ask for them together with
    /// what comes before it.
    virtual void claim_follows(std::int64_t /*queue*/, int /*limit*/, time_point /*now*/) {}

    /// The time at which an operation that was requested at `asked` runs: everything that depends on time goes by the
    /// moment of its transaction, however long it waited for others.
    virtual time_point now(time_point asked) const = 0;
    /// Throws `errc::storage_full` while the rest of the disk is needed to finish the jobs that are there.
    virtual void check_room() = 0;

    // Queues.
    virtual std::optional<std::int64_t> find_queue(const std::string& name) = 0;
    virtual std::int64_t find_or_make_queue(const std::string& name) = 0;
    /// The settings that claims depend on. What is kept of events and counts is left unset.
    virtual stored_settings settings(std::int64_t queue) = 0;
    /// All settings.
    virtual queue_settings all_settings(std::int64_t queue) = 0;
    virtual void set(std::int64_t queue, const queue_setting& setting) = 0;
    /// Returns false if the queue was in that state already.
    virtual bool set_paused(std::int64_t queue, bool paused) = 0;
    /// Nothing is claimed from the queue before `until`, or before a later time that was set already.
    virtual void rest_queue(std::int64_t queue, time_point until) = 0;
    /// Forgets everything that was set and kept for a queue, and its row if it has no jobs left.
    virtual void forget_queue(std::int64_t queue) = 0;
    virtual std::int64_t next_key() = 0;
    virtual std::int64_t next_position(std::int64_t queue, transition::placement place) = 0;

    // Jobs.
    virtual std::optional<job_record> find(std::int64_t queue, const job_id& id) = 0;
    virtual std::optional<job_record> find(std::int64_t key) = 0;
    /// Returns 0 if there is no such job.
    virtual std::int64_t key_of(std::int64_t queue, const job_id& id) = 0;
    /// The failed attempts, oldest first.
    virtual std::vector<attempt> attempts(std::int64_t key) = 0;
    /// Stores new jobs of one queue, in order, and sets their positions: behind, or by their options before, all
    /// others. Returns for each whether it was stored: false if its id exists.
    virtual std::vector<bool> insert(std::int64_t queue, std::span<const std::shared_ptr<job_record>> jobs) = 0;
    /// Removes a job with everything that belongs to it.
    virtual void erase(const stored_job& job) = 0;
    /// Removes a finished key that has no job, as a damaged store may have it.
    virtual void erase_orphan(std::int64_t key) = 0;

    // Moves. They write what `change` says about the job's row, but nothing that it says about other rows.
    /// Moves a job that is not active. `position` is the new one; unset: as before.
    virtual void move(const job_record& job, const transition& change, std::optional<std::int64_t> position) = 0;
    /// Moves an active job that `token` holds. Returns false if that does not hold it, or if it was asked to end and
    /// would run again; then nothing was changed.
    virtual bool end_attempt(
        const lock_of_job& held, const transition& change, std::optional<std::int64_t> position
    ) = 0;
    /// The same for ends that leave the jobs finished. Returns the result of each.
    virtual std::vector<bool> finish(std::span<const finished_attempt> ends) = 0;
    /// Moves an active job without regard to its token, which is forgotten.
    virtual void take_away(const job_record& job, const transition& change, std::optional<std::int64_t> position) = 0;
    virtual void ask_to_end(const job_record& job, const std::string& why) = 0;
    virtual void keep_attempt(std::int64_t key, const attempt& ended, int keep) = 0;
    virtual void forget_expiry(std::int64_t key) = 0;

    // Deduplication.
    virtual std::optional<job_record> find_owner(std::int64_t queue, const std::string& dedup_id) = 0;
    /// The job that is kept for the end of `owner`.
    virtual std::optional<job_record> find_kept(std::int64_t owner) = 0;
    /// Whether a job still holds its deduplication id at `now`, finished or not.
    virtual bool holds_on(std::int64_t key, time_point now) = 0;
    virtual void hold_until(std::int64_t key, std::optional<time_point> until) = 0;
    virtual void let_go(std::int64_t key) = 0;
    /// A job is kept for no other job's end any more. It owns `dedup_id` from now on, unless that is null.
    virtual void release_kept(std::int64_t key, const std::string* dedup_id) = 0;
    /// Makes a finished job due for removal when it lets go of its deduplication id.
    virtual void prune_after_hold(std::int64_t key) = 0;

    // Writes that leave a job in its state. The fence is as for `job_ref::token`.
    virtual fenced_write write_progress(const lock_of_job& job, const std::string& progress) = 0;
    virtual fenced_write write_data(const lock_of_job& job, const std::string& data) = 0;
    virtual fenced_write add_log(const lock_of_job& job, const log_line& line, int keep) = 0;
    /// Lets the lock end at `until`, or a millisecond after its present end if that is later.
    virtual renewal extend(const lock_of_job& held, time_point until, milliseconds duration) = 0;

    // Claims.
    /// Lets delayed jobs wait whose time has come, at most `limit`. Returns them as they were.
    virtual std::vector<job_record> promote_due(std::int64_t queue, time_point now, int limit) = 0;
    virtual std::optional<time_point> first_due(std::int64_t queue) = 0;
    /// The earliest time of jobs that wait because another process's clock was ahead of `now`.
    virtual std::optional<time_point> first_early(std::int64_t queue, time_point now) = 0;
    virtual bool any_waiting(std::int64_t queue, time_point now) = 0;
    virtual bool any_waiting_or_active(std::int64_t queue) = 0;
    /// Jobs that wait or are due, at most about a thousand of each.
    virtual std::size_t count_claimable(std::int64_t queue, time_point now) = 0;
    virtual int active_jobs(std::int64_t queue) = 0;
    /// The next waiting jobs without a group that are not early.
    virtual best_waiting best(std::int64_t queue, int limit, time_point now) = 0;
    /// Makes waiting jobs active; each holds the values of its lock. `groups`: the group of each (0: of none); empty if
    /// none has one. `in_a_row`: they are the first ones that wait.
    virtual void lock(
        std::int64_t queue, std::span<const job_snapshot> jobs, std::span<const std::int64_t> groups, bool in_a_row
    ) = 0;

    // Claims so far, where there is a rate.
    /// The time of the newest claim before `end`.
    virtual std::optional<time_point> newest_claim(std::int64_t queue, time_point end) = 0;
    virtual bool any_claim_after(std::int64_t queue, time_point at) = 0;
    /// The claims between two times, both excluded: when the first was made, and how many there are. Of one group, or
    /// of all if `group` is null.
    virtual std::optional<domain::claim_note> claims(
        std::int64_t queue, const std::string* group, time_point after, time_point before
    ) = 0;
    virtual void note_claims(std::int64_t queue, const std::string& group, time_point at, int jobs) = 0;
    virtual void forget_claims(std::int64_t queue, time_point until) = 0;

    // Groups. Their turns are kept: each knows where its next job stands while one may run.
    /// Computes the turns of the groups that were touched in this transaction.
    virtual void refresh_turns() = 0;
    /// The next groups of the queue that may run now, with their jobs, in their order: those behind `after`, from the
    /// beginning if that is unset. All have the same priority.
    virtual std::vector<group_turn> best_groups(
        std::int64_t queue, const std::optional<group_turn>& after, int limit, time_point now
    ) = 0;
    virtual bool any_ready_group(std::int64_t queue) = 0;
    /// The group's first job that is not early.
    virtual std::optional<job_record> first_in_group(std::int64_t queue, std::int64_t group, time_point now) = 0;
    virtual std::int64_t last_turn_of_ungrouped(std::int64_t queue) = 0;
    /// Gives a group (0: the jobs without one) the next turn number, and returns that.
    virtual std::int64_t note_turn(std::int64_t queue, std::int64_t group) = 0;
    /// The rate of a group is used up until then.
    virtual void rest_group(std::int64_t group, time_point until) = 0;
    /// Ends the rest of groups up to `until`.
    virtual void wake_groups(std::int64_t queue, time_point until) = 0;
    virtual std::optional<time_point> first_rest(std::int64_t queue) = 0;
    /// Whether a job of the group was tried before and is waiting to be tried again: it is the next one.
    virtual bool in_the_middle(std::int64_t queue, const std::string& group) = 0;

    // Sweeps.
    /// The first queue after this one that has jobs due by `now`.
    virtual std::optional<std::int64_t> next_due_queue(std::int64_t after, time_point now) = 0;
    virtual std::vector<doomed> over_time(time_point now, int limit) = 0;
    virtual std::vector<doomed> over_age(time_point now, int limit) = 0;
    /// Finished jobs that enough others have finished after.
    virtual std::vector<doomed> over_count(time_point now, int limit) = 0;
    /// The job whose lock is as the order says.
    virtual std::optional<stalled_job> find_stalled(const rescue_order& order) = 0;
    /// Whether the next piece of what may be forgotten has anything: queues and groups that nothing refers to.
    virtual bool any_forgettable(time_point now) = 0;
    virtual void forget_some(time_point now) = 0;
    /// Goes on to the piece after it without forgetting.
    virtual void pass_on(time_point now) = 0;
    virtual void forget_if_empty(std::int64_t queue, time_point now) = 0;

    // Reading.
    /// Reads the jobs of a listing, those after `after` in the direction, until `next` returns false or `limit` jobs
    /// were read.
    virtual void walk(
        std::int64_t queue,
        char listing,
        const listing_place& after,
        bool newest_first,
        int limit,
        const std::function<bool(job_record)>& next
    ) = 0;
    /// The same by their ids. A walk that would pass over too many other jobs of the file ends early and returns
    /// its place, the `after` of the walk that goes on; otherwise it returns an empty text.
    virtual std::string walk_ids(
        std::int64_t queue,
        const std::string& after,
        bool newest_first,
        int limit,
        const std::function<bool(job_record)>& next
    ) = 0;
    virtual job_counts counts(std::int64_t queue) = 0;
    virtual std::size_t count_of_priority(std::int64_t queue, int priority) = 0;
    /// How many jobs wait before this waiting one.
    virtual std::size_t count_before(std::int64_t queue, const job_record& job) = 0;
    /// The active jobs of the queue, or of one group: how many, and the first of them.
    virtual limit_use holders(std::int64_t queue, const std::string* group) = 0;
    /// The latest claim among the active jobs, the job completed last and the job failed last.
    virtual std::optional<time_point> last_claim(std::int64_t queue) = 0;
    virtual std::optional<std::string> cancellation(const lock_of_job& held) = 0;
    /// The queues behind `after` in the direction that have a job or a setting, by name. Empty: from the first on.
    virtual std::vector<queue_info> queues(const std::string& after, bool newest_first, int limit) = 0;
    /// The lines of a job's log behind the number `after` in the direction.
    virtual std::vector<stored_line> log(std::int64_t key, std::int64_t after, bool newest_first, int limit) = 0;

    // What is kept for watchers of a queue.
    virtual event_log_state event_log(std::int64_t queue, const std::string& cursor) = 0;
    virtual std::vector<logged_event> events_after(std::int64_t queue, std::uint64_t after, int limit) = 0;
    virtual void set_event_cursor(std::int64_t queue, const std::string& name, std::optional<std::uint64_t> place) = 0;
    /// For how many minutes counts are kept; unset if they are not.
    virtual std::optional<int> kept_minutes(std::int64_t queue) = 0;
    /// The counts of these minutes, `end` excluded, oldest first.
    virtual std::vector<minute_of_jobs> minutes(std::int64_t queue, std::int64_t begin, std::int64_t end) = 0;
    /// The first and the last waiting job of each of at most this many priorities.
    virtual std::vector<job_record> ends_of_lines(std::int64_t queue, int priorities) = 0;

    // Registered workers, and the locks that they hold.
    virtual void register_worker(const worker_row& worker) = 0;
    virtual void forget_worker(const std::string& id) = 0;
    virtual std::vector<worker_row> workers() = 0;
    virtual std::vector<lock_row> locks() = 0;
};

}  // namespace cofila::store
