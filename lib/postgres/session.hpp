#pragma once
#include <cofila/repository/job_repository.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <deque>
#include <exception>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "domain/options_json.hpp"
#include "postgres/link.hpp"
#include "postgres/receipts.hpp"
#include "postgres/statements.hpp"
#include "store/tables.hpp"

namespace cofila::postgres {

/// What is known of the store's queues and settings is not true any more. Nothing was done.
class outdated : public std::exception {
public:
    const char* what() const noexcept override { return "the settings of queues have changed"; }
};

/// The transaction has to have the store for itself. Nothing was done.
class needs_store : public std::exception {
public:
    const char* what() const noexcept override { return "this needs the store for itself"; }
};

/// One connection, its statements, and what it remembers for the length of a transaction or, as long as no other
/// connection changes queues or their settings, for longer.
class session {
public:
    explicit session(const link_options& options);
    /// On a connection that is not ours, within one transaction of its owner. Has no link. `alone`: that holds the
    /// schema's lock for itself.
    session(guest_run on, std::string schema, bool alone);

    /// What operations work with.
    operator store::tables&() noexcept { return *tables_; }
    /// The session of tables that belong to one.
    static session& of(store::tables& db);

    postgres::link& link() noexcept { return *link_; }
    statements& sql() noexcept { return sql_; }

    /// The number that stands for a queue's name; unset if the queue is not known to the store.
    std::optional<std::int64_t> find_queue(const std::string& name);
    std::int64_t find_or_make_queue(const std::string& name);
    const std::string& queue_name(std::int64_t number);

    std::int64_t next_key();
    /// Returns a new position, which lies behind or before all others of every queue.
    std::int64_t next_position(std::int64_t queue, transition::placement place);
    /// A number greater than those of all turns so far.
    std::int64_t next_turn(std::int64_t queue) { return next_position(queue, transition::placement::tail); }

    /// The number that stands for options which many jobs share; unset if they are kept with the job: those with a
    /// group, a deduplication id or tags, and those that come when there are enough shared ones.
    std::optional<std::int64_t> options_number(const std::shared_ptr<const job_options>& options);
    /// The stored text of options.
    const std::string& options_text(const std::shared_ptr<const job_options>& options);
    /// Shared options; null if there are none of that number. Throws as `domain::options_from_json`.
    std::shared_ptr<const job_options> options(std::int64_t number);
    std::shared_ptr<const job_options> options(const std::string& text) { return options_cache_.parse(text); }
    /// The number of a group, which is made if there is none.
    std::int64_t group_number(std::int64_t queue, const std::string& name);
    /// Whether a queue has, or once had, a job with a group.
    bool is_grouped(std::int64_t queue) { return tables_->settings(queue).grouped; }
    /// The settings of queues that were read.
    std::map<std::int64_t, store::stored_settings>& known_settings() noexcept { return settings_; }
    /// Called when one of them was changed: every session reads it anew after the commit.
    void forget_settings(std::int64_t queue);
    /// Called for a queue whose row was deleted.
    void forget_queue(std::int64_t queue);

    /// Notes that the turn of a group has to be computed anew. 0 stands for no group.
    void touch(std::int64_t queue, std::int64_t group)
    {
        if (group == 0)
            return;
        require_store();
        touched_.try_emplace({queue, group});
    }
    /// The same for all groups of a queue.
    void touch_all(std::int64_t queue) { touched_.try_emplace({queue, all_groups}); }
    static constexpr std::int64_t all_groups = 0;
    /// Groups by the numbers of their queue and their own. The value is the group's latest turn, if it had one since it
    /// was noted.
    using touched_groups = std::map<std::pair<std::int64_t, std::int64_t>, std::optional<std::int64_t>>;
    /// The groups noted so far. Each stays until its turn is computed.
    touched_groups& touched() noexcept { return touched_; }

    /// Called before each operation: how long it has waited since it was submitted.
    void note_wait(std::chrono::steady_clock::duration waited)
    {
        waited_ = std::max(std::chrono::floor<milliseconds>(waited), milliseconds{});
    }
    /// The time at which an operation that was requested at `asked` runs: everything that depends on time goes by the
    /// moment of its transaction, however long it waited for others.
    time_point now(time_point asked) const { return asked < time_point::max() - waited_ ? asked + waited_ : asked; }

    /// Begins a transaction that writes: takes the schema's lock, alone or with others, and drops what another
    /// connection has changed.
    void begin_alone() { begin(true); }
    void begin_beside_others() { begin(false); }
    bool is_alone() const noexcept { return alone_; }
    /// Throws `needs_store` in a transaction beside others.
    void require_store() const
    {
        if (!alone_)
            throw needs_store{};
    }
    /// True while a transaction is open and no error has ended it.
    bool in_transaction() const noexcept { return sql_.any_waiting() || link_->in_transaction(); }
    /// Whether claims from a queue are limited by what others have claimed, as far as is remembered.
    bool limits_claims(const std::string& queue) const;
    /// Begins one that reads one state of the store.
    void begin_reading();
    /// Writes what follows from the operations so far: the turns of groups that were touched, and that queues or
    /// settings have changed. Returns the number of these changes.
    std::optional<std::int64_t> flush();
    /// Flushes and commits.
    void commit();
    /// Whether this transaction, or the last one, has changed something.
    bool has_written() const noexcept { return sql_.writes() != writes_before_; }
    /// Names the last transaction that was committed, or whose commit was not answered.
    receipt last_receipt() const { return receipts_->last(); }
    /// Rolls the transaction back, if one is open. Positions that were given stay given.
    void roll_back() noexcept;
    /// Ends a transaction that reads.
    void end_reading() noexcept { end(); }

    /// How far sweeps have got in looking for what can be forgotten.
    struct walk_place {
        std::int64_t group = 0;
        std::int64_t queue = 0;
        time_point began{};
    };
    walk_place& walk() noexcept { return walk_; }

private:
    /// Numbers drawn from a sequence, in blocks that grow.
    class supply {
    public:
        /// `sql` draws as many numbers as its parameter says.
        supply(statements& sql, const char* draw) : sql_{sql}, draw_{draw} {}
        std::int64_t next();
        /// Drops what was drawn; the numbers are skipped.
        void drop();

    private:
        statements& sql_;
        const char* const draw_;
        std::deque<std::int64_t> drawn_{};
        std::int64_t given_ = 0;  // since the last drop
        std::int64_t usual_ = 1;
    };

    void begin(bool alone);
    void notice_changes(rows of_meta);
    void forget_all();
    void end() noexcept;

    const std::unique_ptr<postgres::link> link_;  // null for a guest
    statements sql_;
    std::optional<receipts> receipts_{};
    std::int64_t writes_before_ = 0;  // this transaction
    supply keys_;
    supply positions_;
    walk_place walk_{};
    const std::string lock_;  // its name
    bool alone_ = true;       // no other connection writes
    bool has_begun_ = true;   // the transaction: the server has answered
    milliseconds waited_{};
    std::optional<std::int64_t> changes_{};  // of queues and settings, of which all that is remembered knows
    bool has_changed_ = false;               // some of them, in this transaction
    std::map<std::string, std::int64_t, std::less<>> numbers_{};
    std::map<std::int64_t, std::string> names_{};
    touched_groups touched_{};
    std::map<std::int64_t, store::stored_settings> settings_{};
    domain::options_cache options_cache_{};
    std::map<std::int64_t, std::shared_ptr<const job_options>> shared_options_{};
    std::shared_ptr<const job_options> last_options_{};  // kept alive, so that no others can have its address
    std::string last_text_{};
    std::optional<std::int64_t> last_number_{};  // of these options, once it is known
    bool enough_options_ = false;                // no further ones are shared
    const std::unique_ptr<store::tables> tables_;
};

}  // namespace cofila::postgres
