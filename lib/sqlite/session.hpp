#pragma once
#include <cofila/job_repository.hpp>

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
    bool keep_reserve() { return reserve_ && reserve_->keep(); }

    /// After BEGIN: what somebody else may have changed is read again. Throws as `check_schema` does.
    void begun();
    /// Within a transaction: throws `errc::storage_newer` where a newer program has migrated the file meanwhile.
    void check_schema();
    /// Before COMMIT: what was given is covered by what the file holds, for whoever gives positions next.
    void flush();
    /// After COMMIT.
    void committed() { version_ = connection_->data_version(); }
    /// After a rollback, even of a part: a queue that was made in it is gone. (Positions that were given stay given.)
    void forget_names();

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
    std::optional<bool> has_room_{};  // asked once in a transaction
    std::map<std::string, std::int64_t, std::less<>> numbers_{};
    std::map<std::int64_t, std::string> names_{};
    std::map<std::int64_t, positions> positions_{};
    std::optional<unsigned> version_{};  // of the file after the last commit; none: what was flushed may not be there
    std::vector<freed_job> freed_{};
    domain::options_cache options_cache_{};
    std::shared_ptr<const job_options> last_options_{};
    std::string last_text_{};
};

}  // namespace cofila::sqlite
