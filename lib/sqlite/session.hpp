#pragma once
#include <cofila/job_repository.hpp>

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

namespace cofila::sqlite {

/// What operations work with: one connection, its statements, and what it remembers for the length of a transaction or,
/// where nobody changes it, for good.
class session {
public:
    /// `room` may be null: nothing is kept for a full disk.
    explicit session(const connection_options& options, reserve* room = nullptr)
        : connection_{std::make_unique<connection>(options)},
          db_{connection_->db()},
          sql_{db_},
          reserve_{room}
    {}
    /// Works in a transaction of somebody else's, on his connection, and is gone before it ends: what is told of
    /// transactions below is not for this one, but for `flush`.
    explicit session(SQLite::Database& borrowed) : db_{borrowed}, sql_{db_}, reserve_{nullptr} {}

    /// Its own connection; a borrowed one is not asked for.
    connection& link() noexcept { return *connection_; }
    statement_cache& sql() noexcept { return sql_; }

    /// The number that stands for a queue's name; nothing where the queue was never used.
    std::optional<std::int64_t> find_queue(const std::string& name);
    std::int64_t find_or_make_queue(const std::string& name);
    const std::string& queue_name(std::int64_t number);

    /// A new position in a queue. The file holds one that is further out, so that most transactions need not write it.
    std::int64_t next_position(std::int64_t queue, transition::placement place);
    /// The key of a new job. Its counter is kept like a queue's positions, in a row that is no queue's.
    std::int64_t next_key() { return next_position(0, transition::placement::tail); }

    /// Throws `errc::storage_full` while what is left of the disk is needed to finish what is there.
    void check_room();
    /// The size of the pages, in bytes. It does not change while the file is open.
    std::int64_t page_size() { return ask("PRAGMA page_size"); }
    /// Changes with each commit of another connection that this one has seen.
    std::int64_t data_version() { return ask("PRAGMA data_version"); }
    /// The number that a pragma or a query gives; 0 where it gives no row. A constant, as for `sql`.
    std::int64_t ask(const char* sql);
    bool keep_reserve() { return reserve_ && reserve_->keep(); }

    /// Before each operation: how long it has waited since it was handed over.
    void note_wait(std::chrono::steady_clock::duration waited)
    {
        waited_ = std::max(std::chrono::floor<milliseconds>(waited), milliseconds{});
    }
    /// What the time is for an operation that was asked for at that time: what is limited in time goes by when it is
    /// done, however long it had to wait for others.
    time_point now(time_point asked) const { return asked < time_point::max() - waited_ ? asked + waited_ : asked; }

    /// After BEGIN IMMEDIATE: what somebody else may have changed is read again. Throws as `check_schema` does.
    void begun();
    /// The same after a BEGIN that only reads.
    void begun_reading();
    /// Within a transaction: throws `errc::storage_newer` where a newer program has migrated the file meanwhile, and as
    /// `check_objects` does where somebody has put something among our tables.
    void check_schema();
    /// Before COMMIT: what was given is covered by what the file holds, for whoever gives positions next.
    void flush();
    /// After COMMIT.
    void committed()
    {
        version_ = connection_->data_version();
        ++commits_;
    }
    /// So many so far: what was written to the log lately may have been these.
    std::uint64_t commits() const noexcept { return commits_; }
    /// After a rollback, even of a part: a queue that was made in it is gone. (Positions that were given stay given.)
    void forget_names();

    /// A queue whose row is gone.
    void forget_queue(std::int64_t number);
    /// How far sweeps have looked for what can be forgotten.
    struct walk_place {
        std::int64_t group_queue = 0;
        std::string group{};
        std::int64_t queue = 0;
        time_point began{};
    };
    walk_place& walk() noexcept { return walk_; }

    /// Jobs that were kept for the end of another and wait now, since this was asked last: to be told of.
    void note_freed(std::int64_t queue, job_id id) { freed_.push_back({.queue = queue, .id = std::move(id)}); }
    struct freed_job {
        std::int64_t queue = 0;
        job_id id{};
    };
    std::vector<freed_job> take_freed() { return std::exchange(freed_, {}); }

    /// The stored text of options, and the way back. Jobs of one kind share both.
    const std::string& options_text(const std::shared_ptr<const job_options>& options);
    std::shared_ptr<const job_options> options(const std::string& text) { return options_cache_.parse(text); }

private:
    void forget_all();

    struct range {
        std::int64_t head = 0;
        std::int64_t tail = 0;
    };
    struct positions {
        range given{};
        range stored{};  ///< At or beyond what was given. What lies between is lost when the process ends, and no loss.
    };

    const std::unique_ptr<connection> connection_{};
    SQLite::Database& db_;
    statement_cache sql_;
    reserve* const reserve_;
    std::uint64_t commits_ = 0;
    walk_place walk_{};
    milliseconds waited_{};
    std::optional<bool> has_room_{};  // asked once in a transaction
    std::map<std::string, std::int64_t, std::less<>> numbers_{};
    std::map<std::int64_t, std::string> names_{};
    std::map<std::int64_t, positions> positions_{};
    std::optional<std::int64_t> checked_{};  // the schema's cookie, when it was looked through
    std::optional<unsigned> version_{};  // of the file after the last commit; none: what was flushed may not be there
    std::vector<freed_job> freed_{};
    domain::options_cache options_cache_{};
    std::shared_ptr<const job_options> last_options_{};
    std::string last_text_{};
};

/// A transaction that only reads, on the session's own connection, to the end of the scope.
class read_transaction {
public:
    explicit read_transaction(session& with) : with_{with}
    {
        with_.sql().exec("BEGIN");
        try {
            with_.begun_reading();
        } catch (...) {
            end();
            throw;
        }
    }
    read_transaction(const read_transaction&) = delete;
    read_transaction& operator=(const read_transaction&) = delete;
    ~read_transaction() { end(); }

private:
    void end()
    {
        if (with_.link().in_transaction())
            with_.link().db().tryExec("ROLLBACK");
    }

    session& with_;
};

}  // namespace cofila::sqlite
