#pragma once
#include "postgres/session.hpp"
#include "store/tables.hpp"

namespace cofila::postgres {

/// The tables of a schema. Their statements stand in the sources tables_*.cpp.
class tables final : public store::tables {
public:
    /// `tx` must outlive this object.
    explicit tables(session& tx) : tx_{tx}, sql_{tx.sql()} {}

    session& owner() noexcept { return tx_; }

    bool is_alone() const noexcept override { return tx_.is_alone(); }
    bool limits_claims(const std::string& queue) const override { return tx_.limits_claims(queue); }
    void claim_follows(std::int64_t queue, int limit, time_point now) override;

    time_point now(time_point asked) const override { return tx_.now(asked); }
    /// The server keeps no room that would tell it in time.
    void check_room() override {}

    std::optional<std::int64_t> find_queue(const std::string& name) override { return tx_.find_queue(name); }
    std::int64_t find_or_make_queue(const std::string& name) override { return tx_.find_or_make_queue(name); }
    store::stored_settings settings(std::int64_t queue) override;
    queue_settings all_settings(std::int64_t queue) override;
    void set(std::int64_t queue, const queue_setting& setting) override;
    bool set_paused(std::int64_t queue, bool paused) override;
    void rest_queue(std::int64_t queue, time_point until) override;
    void forget_queue(std::int64_t queue) override;
    std::int64_t next_key() override { return tx_.next_key(); }
    std::int64_t next_position(std::int64_t queue, transition::placement place) override
    {
        return tx_.next_position(queue, place);
    }

    std::optional<job_record> find(std::int64_t queue, const job_id& id) override;
    std::optional<job_record> find(std::int64_t key) override;
    std::int64_t key_of(std::int64_t queue, const job_id& id) override;
    std::vector<attempt> attempts(std::int64_t key) override;
    std::vector<bool> insert(std::int64_t queue, std::span<const std::shared_ptr<job_record>> jobs) override;
    void erase(const store::stored_job& job) override;
    void erase_orphan(std::int64_t key) override;

    void move(const job_record& job, const transition& change, std::optional<std::int64_t> position) override;
    bool end_attempt(const store::lock_of_job& held, const transition& change, std::optional<std::int64_t> position)
        override;
    std::vector<bool> finish(std::span<const store::finished_attempt> ends) override;
    void take_away(const job_record& job, const transition& change, std::optional<std::int64_t> position) override;
    void ask_to_end(const job_record& job, const std::string& why) override;
    void keep_attempt(std::int64_t key, const attempt& ended, int keep) override;
    void forget_expiry(std::int64_t key) override;

    std::optional<job_record> find_owner(std::int64_t queue, const std::string& dedup_id) override;
    std::optional<job_record> find_kept(std::int64_t owner) override;
    bool holds_on(std::int64_t key, time_point now) override;
    void hold_until(std::int64_t key, std::optional<time_point> until) override;
    void let_go(std::int64_t key) override;
    void release_kept(std::int64_t key, const std::string* dedup_id) override;
    void prune_after_hold(std::int64_t key) override;

    fenced_write write_progress(const store::lock_of_job& job, const std::string& progress) override;
    fenced_write write_data(const store::lock_of_job& job, const std::string& data) override;
    fenced_write add_log(const store::lock_of_job& job, const log_line& line, int keep) override;
    renewal extend(const store::lock_of_job& held, time_point until, milliseconds duration) override;

    std::vector<job_record> promote_due(std::int64_t queue, time_point now, int limit) override;
    std::optional<time_point> first_due(std::int64_t queue) override;
    std::optional<time_point> first_early(std::int64_t queue, time_point now) override;
    bool any_waiting(std::int64_t queue, time_point now) override;
    bool any_waiting_or_active(std::int64_t queue) override;
    std::size_t count_claimable(std::int64_t queue, time_point now) override;
    int active_jobs(std::int64_t queue) override;
    store::best_waiting best(std::int64_t queue, int limit, time_point now) override;
    void lock(
        std::int64_t queue, std::span<const job_snapshot> jobs, std::span<const std::int64_t> groups, bool in_a_row
    ) override;

    std::optional<time_point> newest_claim(std::int64_t queue, time_point end) override;
    bool any_claim_after(std::int64_t queue, time_point at) override;
    std::optional<domain::claim_note> claims(
        std::int64_t queue, const std::string* group, time_point after, time_point before
    ) override;
    void note_claims(std::int64_t queue, const std::string& group, time_point at, int jobs) override;
    void forget_claims(std::int64_t queue, time_point until) override;

    void refresh_turns() override;
    std::vector<store::group_turn> best_groups(
        std::int64_t queue, const std::optional<store::group_turn>& after, int limit, time_point now
    ) override;
    bool any_ready_group(std::int64_t queue) override;
    std::optional<job_record> first_in_group(std::int64_t queue, std::int64_t group, time_point now) override;
    std::int64_t last_turn_of_ungrouped(std::int64_t queue) override;
    std::int64_t note_turn(std::int64_t queue, std::int64_t group) override;
    void rest_group(std::int64_t group, time_point until) override;
    void wake_groups(std::int64_t queue, time_point until) override;
    std::optional<time_point> first_rest(std::int64_t queue) override;
    bool in_the_middle(std::int64_t queue, const std::string& group) override;

    std::optional<std::int64_t> next_due_queue(std::int64_t after, time_point now) override;
    std::vector<store::doomed> over_time(time_point now, int limit) override;
    std::vector<store::doomed> over_age(time_point now, int limit) override;
    std::vector<store::doomed> over_count(time_point now, int limit) override;
    std::optional<store::stalled_job> find_stalled(const rescue_order& order) override;
    bool any_forgettable(time_point now) override;
    void forget_some(time_point now) override;
    void pass_on(time_point now) override;
    void forget_if_empty(std::int64_t queue, time_point now) override;

    void walk(
        std::int64_t queue,
        char listing,
        const store::listing_place& after,
        bool newest_first,
        int limit,
        const std::function<bool(job_record)>& next
    ) override;
    std::string walk_ids(
        std::int64_t queue,
        const std::string& after,
        bool newest_first,
        int limit,
        const std::function<bool(job_record)>& next
    ) override;
    job_counts counts(std::int64_t queue) override;
    std::size_t count_of_priority(std::int64_t queue, int priority) override;
    std::size_t count_before(std::int64_t queue, const job_record& job) override;
    limit_use holders(std::int64_t queue, const std::string* group) override;
    std::optional<time_point> last_claim(std::int64_t queue) override;
    std::optional<std::string> cancellation(const store::lock_of_job& held) override;
    std::vector<queue_info> queues(const std::string& after, bool newest_first, int limit) override;
    std::vector<store::stored_line> log(std::int64_t key, std::int64_t after, bool newest_first, int limit) override;

    event_log_state event_log(std::int64_t queue, const std::string& cursor) override;
    std::vector<logged_event> events_after(std::int64_t queue, std::uint64_t after, int limit) override;
    void set_event_cursor(std::int64_t queue, const std::string& name, std::optional<std::uint64_t> place) override;
    std::optional<int> kept_minutes(std::int64_t queue) override;
    std::vector<minute_of_jobs> minutes(std::int64_t queue, std::int64_t begin, std::int64_t end) override;
    std::vector<job_record> ends_of_lines(std::int64_t queue, int priorities) override;

    void register_worker(const worker_row& worker) override;
    void forget_worker(const std::string& id) override;
    std::vector<worker_row> workers() override;
    std::vector<lock_row> locks() override;

private:
    /// A claim that was announced, and what was asked for it together with what came before.
    struct expected_claim {
        std::int64_t queue = 0;
        int limit = 0;
        time_point now{};
        std::optional<rows> due{};
        std::optional<rows> best{};
        std::int64_t asked_at = 0;  ///< The number of statements until then.
    };

    void ask_ahead();
    void note_asked();
    expected_claim* answered(std::int64_t queue, time_point now);

    session& tx_;
    statements& sql_;
    std::optional<expected_claim> expected_{};
};

}  // namespace cofila::postgres
