#pragma once
#include <cofila/queue_types.hpp>
#include <cofila/repository/job_repository.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "dice.hpp"
#include "event_log.hpp"
#include "intent.hpp"
#include "job_row.hpp"
#include "pace.hpp"
#include "tales.hpp"

namespace cofila::sim {

/// What the store is known to hold, by every commit that took place, and the rules that each of them must obey.
class ledger {
public:
    struct fate {
        job_row row{};
        bool gone = false;
        int attempts = 1;
        int max_stalled = 1;
        int keep_logs = 0;
        bool goes_when_failed = false;  ///< Its retention lets it go at once.
        int attempts_kept = 0;          ///< Retries that left the attempts as they were: each allows one more.
        int completions = 0;
        int retries = 0;
        int renewals = 0;  ///< Of the present lock.
        time stored_at{};
        time waiting_since{};
        time locked_at{};                   ///< When the present lock was last given or renewed.
        std::optional<std::int64_t> due{};  ///< While it waits, made due by a clock: by each other one it must be, too.
    };

    /// A transaction's part: one operation and what it changed.
    struct entry {
        intent asked{};
        std::vector<row_change> changes{};
    };

    /// `knows_dead`: whether one process can tell that another one has died; `clocks_agree`: all show the same time.
    explicit ledger(bool knows_dead, bool clocks_agree) : knows_dead_{knows_dead}, clocks_agree_{clocks_agree} {}

    /// What an operation found and did: its answer has to say the same.
    struct effect {
        std::vector<row_change> changes{};
        std::map<std::string, job_state> found{};  ///< The jobs of its queue that it names, as they were.
        std::set<std::string> held{};              ///< Of the locks that it presents, those that were held.
        bool drained = false;  ///< It ended an attempt, and nothing is left in its queue to be done.
        /// When there is more to claim, where nothing else happens: of the jobs of its queue, afterwards.
        std::optional<std::int64_t> next_due{};
        std::optional<int> room{};  ///< For claims of its queue, where it has a rate limit, before.
        time_point next_room{};     ///< When there is more.
    };

    /// `unknown`: the caller does not know yet that it took place, and may report it late.
    void commit(const std::vector<entry>& entries, time now, bool unknown = false);
    /// Whether this is what is known, or what is known with these entries on top.
    bool agrees(const stored_state& found, const std::vector<entry>& with = {}) const;
    /// The last job that had this id.
    const fate* find(const std::string& id) const;
    /// The job that is meant.
    const fate* find(const job_ref& job) const;
    /// Whether a claim was stored with this token, and whether its end was.
    bool was_given(const std::string& token) const { return tokens_.contains(token); }
    bool was_settled(const std::string& token) const { return settled_.contains(token); }
    /// What was thrown by the processor that holds this lock must not count as an attempt.
    void expect_release(const std::string& token) { released_.insert(token); }
    /// For a new operation.
    std::uint64_t next_number() { return ++last_number_; }
    /// Of an operation that is answered; once. Nothing: it was not stored.
    std::optional<effect> take_effect(std::uint64_t number);
    /// Nothing: there is none of this name.
    std::optional<std::int64_t> number_of(const std::string& queue) const;
    const std::string& name_of(std::int64_t queue) const { return names_.at(queue); }
    /// Of this queue, as they have to be counted.
    job_counts counts(const std::string& queue) const;
    /// Goes up with every commit that changed something.
    std::uint64_t commits() const noexcept { return commits_; }
    const std::map<std::int64_t, fate>& jobs() const noexcept { return jobs_; }
    bool all_final() const;
    std::size_t unfinished() const;
    bool holds_locks(int node) const;
    /// These changes of a sweep rescued the job for the last time, and its retention let it go at once.
    bool went_with_its_end(const std::vector<row_change>& sweep, const job_row& gone) const;

    tales told{};

    /// The first rule that was broken; empty: none.
    const std::string& broken() const noexcept { return broken_; }
    void fail(std::string what) const;

    void hire(const std::string& worker, int node) { node_of_worker_[worker] = node; }
    void bury(int node) { dead_.insert(node); }

private:
    using waiting_place = std::tuple<std::int64_t, std::int64_t, std::int64_t, std::int64_t>;

    void apply(const intent& asked, const row_change& change, time now);
    void add(const intent& asked, const row_change& change, time now);
    void change(const intent& asked, fate& job, const job_row& after, time now);
    void remove(const intent& asked, fate& job);
    void claim(const intent& asked, fate& job, const job_row& after, time now);
    void leave_active(const intent& asked, fate& job, const job_row& after, time now);
    void rescue(fate& job, const job_row& after, time now);
    void settle(const intent& asked, fate& job, const job_row& after);
    void stay_active(const intent& asked, fate& job, const job_row& after, time now);
    void leave_others(const intent& asked, fate& job, const job_row& after);
    std::optional<std::int64_t> first_to_claim(std::int64_t queue, const intent& asked) const;
    std::optional<std::int64_t> next_to_claim(std::int64_t queue, const intent& asked, const effect& did) const;
    void check(const fate& job) const;
    void store(fate& job, const job_row& after);
    bool belongs_to_dead(const std::string& worker) const;
    void change_queue(const intent& asked, const row_change& change);
    void change_rate(const intent& asked, const row_change& change);
    void forget_queue(const intent& asked, const row_change& change);
    void change_log(const intent& asked, const row_change& change);
    effect survey(const intent& asked) const;
    void conclude(const entry& one, effect did);
    bool is_drained(const entry& one) const;
    void check_duty(const intent& asked, const effect& did) const;
    void tell_of_finish(const intent& asked, const fate& job, const job_row& after);
    void check_claims(const intent& asked, const effect& did) const;
    void check_moved(const intent& asked, const effect& did) const;
    void check_held(const intent& asked, const effect& did) const;
    void tell(const intent& asked, const std::string& about, tale what);
    void tell_of_queue(const entry& one, const effect& did);
    void require(bool holds, const fate& job, const char* rule) const;

    const bool knows_dead_;
    const bool clocks_agree_;
    std::map<std::int64_t, fate> jobs_{};
    std::map<std::int64_t, job_row> rows_{};
    std::map<std::string, std::int64_t> keys_{};
    std::set<std::string> parts_{};  // that are random in the generated ids of all jobs ever added
    std::set<waiting_place> waiting_{};
    std::set<std::tuple<std::int64_t, std::int64_t, std::int64_t>> delayed_{};  // queue, when, key
    std::map<std::string, std::int64_t> held_{};                                // token, key
    std::map<std::int64_t, std::size_t> lines_{};
    event_logs events_{};
    std::map<std::string, std::int64_t> queues_{};
    std::map<std::int64_t, std::string> names_{};
    std::map<std::uint64_t, effect> effects_{};
    std::uint64_t last_number_ = 0;
    std::uint64_t commits_ = 0;
    std::map<std::string, int> node_of_worker_{};
    std::set<int> dead_{};
    std::set<std::int64_t> paused_{};
    std::map<std::int64_t, pace> paces_{};
    std::set<std::string> tokens_{};
    std::set<std::string> settled_{};
    std::set<std::string> released_{};
    bool late_ = false;  // what is being committed
    mutable std::string broken_{};
};

}  // namespace cofila::sim
