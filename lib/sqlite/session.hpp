#pragma once
#include <cofila/repository/job_repository.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "domain/options_json.hpp"
#include "sqlite/connection.hpp"
#include "sqlite/reserve.hpp"
#include "sqlite/statements.hpp"
#include "store/tables.hpp"

namespace cofila::sqlite {

/// One connection, its statements, and what it remembers for the length of a transaction or, as long as no other
/// connection commits, for longer.
class session {
public:
    /// `room` is null if no reserve is kept for a full disk.
    explicit session(const connection_options& options, reserve* room = nullptr);
    /// Borrows the application's connection inside its transaction, and must be destroyed before that ends. Of the
    /// transaction hooks below only `flush` may be called.
    explicit session(SQLite::Database& borrowed);

    /// What operations work with.
    operator store::tables&() noexcept { return *tables_; }
    /// The session of tables that belong to one.
    static session& of(store::tables& db);

    /// Its own connection. Must not be called on a session that borrows one.
    connection& link() noexcept { return *connection_; }
    statement_cache& sql() noexcept { return sql_; }

    /// The number that stands for a queue's name; unset if the queue is not known to the file.
    std::optional<std::int64_t> find_queue(const std::string& name);
    std::int64_t find_or_make_queue(const std::string& name);
    const std::string& queue_name(std::int64_t number);

    /// Returns a new position in a queue. The file holds a value further out, so that most transactions need not write
    /// it.
    std::int64_t next_position(std::int64_t queue, transition::placement place);
    /// Returns the key of a new job. Keys are counted like a queue's positions, in a row that belongs to no queue.
    std::int64_t next_key() { return next_position(0, transition::placement::tail); }

    /// The number that stands for options which many jobs share; unset if they are kept with the job: those with a
    /// group, a deduplication id or tags, and those that come when there are enough shared ones.
    std::optional<std::int64_t> options_number(const std::shared_ptr<const job_options>& options);
    /// The stored text of options.
    const std::string& options_text(const std::shared_ptr<const job_options>& options);
    /// Shared options; null if there are none of that number. Throws as `domain::options_from_json`.
    std::shared_ptr<const job_options> options(std::int64_t number);
    std::shared_ptr<const job_options> options(const std::string& text) { return options_cache_.parse(text); }
    /// The number that stands for a worker's name.
    std::int64_t worker_number(const std::string& name);
    /// Empty if no worker has that number.
    const std::string& worker_name(std::int64_t number);
    /// The number of a group, which is made if there is none.
    std::int64_t group_number(std::int64_t queue, const std::string& name);
    /// Whether a queue has, or once had, a job with a group.
    bool is_grouped(std::int64_t queue) { return tables_->settings(queue).grouped; }
    /// The settings of queues that were read.
    std::map<std::int64_t, store::stored_settings>& known_settings() noexcept { return settings_; }
    /// Called when one of them was changed.
    void forget_settings(std::int64_t queue) { settings_.erase(queue); }

    /// Notes that the turn of a group has to be computed anew. 0 stands for no group.
    void touch(std::int64_t queue, std::int64_t group)
    {
        if (group != 0)
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

    /// A number greater than those of all turns so far.
    std::int64_t next_turn(std::int64_t queue);

    /// Throws `errc::storage_full` while the rest of the disk is needed to finish the jobs that are there.
    void check_room();
    /// The page size in bytes. It does not change while the file is open.
    std::int64_t page_size() { return ask("PRAGMA page_size"); }
    /// Changes with each commit of another connection that this one has seen.
    std::int64_t data_version() { return ask("PRAGMA data_version"); }
    /// The number that a pragma or a query returns; 0 if there is no row. `sql` must be a constant, as for `sql()`.
    std::int64_t ask(const char* sql);
    bool keep_reserve() { return reserve_ && reserve_->keep(); }

    /// Called before each operation: how long it has waited since it was submitted.
    void note_wait(std::chrono::steady_clock::duration waited)
    {
        waited_ = std::max(std::chrono::floor<milliseconds>(waited), milliseconds{});
    }
    /// The time at which an operation that was requested at `asked` runs: everything that depends on time goes by the
    /// moment of its transaction, however long it waited for others.
    time_point now(time_point asked) const { return asked < time_point::max() - waited_ ? asked + waited_ : asked; }

    /// Called after BEGIN IMMEDIATE: drops what another connection may have changed. Throws as `check_schema` does.
    void begun();
    /// The same after the BEGIN of a read transaction.
    void begun_reading();
    /// Within a transaction: throws `errc::storage_newer` if a newer program has migrated the file meanwhile, and as
    /// `check_objects` does if another program has added something to our tables.
    void check_schema();
    /// Called before COMMIT: computes the turns of groups that were touched, and stores a bound beyond every position
    /// that was given, for whichever connection gives positions next.
    void flush();
    /// Called after COMMIT.
    void committed()
    {
        version_ = connection_->data_version();
        ++commits_;
    }
    /// Commits so far: recent writes to the log may have been these.
    std::uint64_t commits() const noexcept { return commits_; }
    /// Rolls back the transaction, if one is open.
    void end_transaction() noexcept;
    /// Prepares the statement for that, so that it needs no memory then.
    void prepare_to_end();
    /// Called after a rollback: a queue that was made in the transaction is gone. (Positions that were given stay
    /// given.)
    void forget_names();

    /// Called for a queue whose row was deleted.
    void forget_queue(std::int64_t number);
    /// How far sweeps have got in looking for what can be forgotten.
    struct walk_place {
        std::int64_t group = 0;
        std::int64_t queue = 0;
        time_point began{};
    };
    walk_place& walk() noexcept { return walk_; }

private:
    void forget_all();

    struct range {
        std::int64_t head = 0;
        std::int64_t tail = 0;
    };
    struct positions {
        range given{};
        /// At or beyond `given`. The numbers between are skipped when the process ends, which does no harm.
        range stored{};
    };

    const std::unique_ptr<connection> connection_{};
    SQLite::Database& db_;
    statement_cache sql_;
    reserve* const reserve_;
    std::uint64_t commits_ = 0;
    walk_place walk_{};
    milliseconds waited_{};
    std::optional<bool> has_room_{};  // read once in a transaction
    std::map<std::string, std::int64_t, std::less<>> numbers_{};
    std::map<std::int64_t, std::string> names_{};
    std::map<std::int64_t, positions> positions_{};
    std::optional<std::int64_t> checked_{};  // the schema's cookie when its objects were last checked
    // Of the file after the last commit; unset while what was flushed may be missing.
    std::optional<unsigned> version_{};
    touched_groups touched_{};
    std::map<std::int64_t, store::stored_settings> settings_{};
    std::map<std::string, std::int64_t, std::less<>> worker_numbers_{};
    std::map<std::int64_t, std::string> worker_names_{};
    domain::options_cache options_cache_{};
    std::map<std::int64_t, std::shared_ptr<const job_options>> shared_options_{};
    std::shared_ptr<const job_options> last_options_{};  // kept alive, so that no others can have its address
    std::string last_text_{};
    std::optional<std::int64_t> last_number_{};  // of these options, once it is known
    bool enough_options_ = false;                // no further ones are shared
    const std::unique_ptr<store::tables> tables_;
};

/// A read transaction on the session's own connection, for the length of the scope.
class read_transaction {
public:
    explicit read_transaction(session& tx) : tx_{tx}
    {
        tx_.sql().exec("BEGIN");
        try {
            tx_.begun_reading();
        } catch (...) {
            tx_.end_transaction();
            throw;
        }
    }
    read_transaction(const read_transaction&) = delete;
    read_transaction& operator=(const read_transaction&) = delete;
    ~read_transaction() { tx_.end_transaction(); }

private:
    session& tx_;
};

}  // namespace cofila::sqlite
