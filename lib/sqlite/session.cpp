// What a connection remembers between statements, and when it must forget. The numbers of queues, options and workers,
// settings, the positions and keys given out, and the check of the schema are valid while no other connection commits:
// `begun` compares the file's data version with the one after our last commit and drops everything when they differ.
// Positions are given from memory; `flush`, before COMMIT, stores a bound that is up to 1000 further out, so most
// transactions need not write it, and a crash skips numbers but never causes one to be given twice. `flush` also unsets
// the version, and only `committed` sets it again: after a COMMIT that failed everything is read anew. After a rollback
// the numbers are dropped, since a row that was made in the transaction is gone; given positions stay given. The groups
// whose turns have to be computed anew are only noted; that is done once for each before COMMIT, and before a claim.
#include "sqlite/session.hpp"

#include <cofila/error.hpp>

#include <exception>
#include <limits>

#include "domain/generated_id.hpp"
#include "sqlite/schema.hpp"
#include "sqlite/stored_schema.hpp"
#include "sqlite/tables.hpp"

namespace cofila::sqlite {

namespace {

/// How far the stored bound is ahead of the positions that were given.
constexpr std::int64_t reserved = 1000;

constexpr const char* rollback = "ROLLBACK";

}  // namespace

session::session(const connection_options& options, reserve* room)
    : connection_{std::make_unique<connection>(options)},
      db_{connection_->db()},
      sql_{db_},
      reserve_{room},
      tables_{std::make_unique<tables>(*this)}
{}

session::session(SQLite::Database& borrowed)
    : db_{borrowed},
      sql_{db_},
      reserve_{nullptr},
      tables_{std::make_unique<tables>(*this)}
{}

session& session::of(store::tables& db) { return static_cast<tables&>(db).owner(); }

std::optional<std::int64_t> session::find_queue(const std::string& name)
{
    if (const auto known = numbers_.find(name); known != numbers_.end())
        return known->second;
    auto row = sql_.query("SELECT number FROM cofila_queues WHERE name = ?1", name);
    if (!row.step())
        return {};
    return numbers_[name] = row.number(0);
}

std::int64_t session::find_or_make_queue(const std::string& name)
{
    if (const auto known = find_queue(name))
        return *known;
    sql_.exec("INSERT INTO cofila_queues (name) VALUES (?1)", name);
    return numbers_[name] = db_.getLastInsertRowid();
}

const std::string& session::queue_name(std::int64_t number)
{
    auto& name = names_[number];
    if (name.empty()) {
        auto row = sql_.query("SELECT name FROM cofila_queues WHERE number = ?1", number);
        if (row.step())
            name = row.text(0);
    }
    return name;
}

std::int64_t session::next_position(std::int64_t queue, transition::placement place)
{
    auto known = positions_.find(queue);
    if (known == positions_.end()) {
        range read;
        auto row = sql_.query("SELECT head, tail FROM cofila_queues WHERE number = ?1", queue);
        if (row.step())
            read = {.head = row.number(0), .tail = row.number(1)};
        known = positions_.emplace(queue, positions{.given = read, .stored = read}).first;
    }
    auto& given = known->second.given;
    const bool first = place == transition::placement::head;
    using limits = std::numeric_limits<std::int64_t>;
    const auto most = queue == 0 ? domain::most_keys : limits::max();
    if (first ? given.head <= limits::min() + reserved : given.tail >= most - reserved)
        throw error{errc::storage_corrupt, "the positions or keys of the file are used up; its counters are damaged"};
    return first ? --given.head : ++given.tail;
}

std::int64_t session::next_turn(std::int64_t queue)
{
    try {
        return next_position(queue, transition::placement::tail);
    } catch (const error&) {
        return std::numeric_limits<std::int64_t>::max();
    }
}

void session::begun()
{
    has_room_.reset();
    touched_.clear();
    if (version_ == connection_->data_version())
        return;
    forget_all();
    check_schema();
}

/// The first read starts the snapshot: only after it does the version show the commits of other connections.
void session::begun_reading()
{
    check_schema();
    if (version_ == connection_->data_version())
        return;
    forget_all();
    version_ = connection_->data_version();
}

/// Another connection may have given positions, and forgotten queues.
void session::forget_all()
{
    positions_.clear();
    forget_names();
}

void session::check_schema()
{
    const auto version = ask("SELECT value FROM cofila_meta WHERE key = 'schema_version'");
    check_version(version, connection_->path());
    const auto cookie = ask("PRAGMA schema_version");
    if (checked_ == cookie)
        return;
    check_objects(db_, version, connection_->path());
    checked_ = cookie;
}

std::int64_t session::ask(const char* sql)
{
    auto row = sql_.query(sql);
    return row.step() ? row.number(0) : 0;
}

void session::check_room()
{
    if (!has_room_)
        has_room_ = !reserve_ || reserve_->allows_adds([this] {
            return static_cast<std::uint64_t>(ask("PRAGMA freelist_count") * page_size());
        });
    if (!*has_room_)
        throw error{
            errc::storage_full,
            "'" + connection_->path() + "': the disk is full and what is left of it is kept to complete jobs; make room"
        };
}

void session::flush()
{
    tables_->refresh_turns();
    version_.reset();
    for (auto& [queue, at] : positions_) {
        if (at.given.head >= at.stored.head && at.given.tail <= at.stored.tail)
            continue;
        if (at.given.head < at.stored.head)
            at.stored.head = at.given.head - reserved;
        if (at.given.tail > at.stored.tail)
            at.stored.tail = at.given.tail + reserved;
        sql_.exec(
            "UPDATE cofila_queues SET head = ?2, tail = ?3 WHERE number = ?1", queue, at.stored.head, at.stored.tail
        );
    }
}

void session::end_transaction() noexcept
{
    try {
        if (connection_->in_transaction())
            sql_.exec(rollback);
    } catch (const std::exception&) {  // SQLite has rolled it back itself, or does when the connection is closed
    }
}

void session::prepare_to_end() { sql_.query(rollback); }

void session::forget_names()
{
    numbers_.clear();
    names_.clear();
    settings_.clear();
    worker_numbers_.clear();
    worker_names_.clear();
    shared_options_.clear();
    last_number_.reset();
    enough_options_ = false;
}

void session::forget_queue(std::int64_t number)
{
    forget_names();
    positions_.erase(number);
}

const std::string& session::options_text(const std::shared_ptr<const job_options>& options)
{
    if (options != last_options_) {
        last_text_ = domain::options_to_json(*options);
        last_number_.reset();
        last_options_ = options;
    }
    return last_text_;
}

std::optional<std::int64_t> session::options_number(const std::shared_ptr<const job_options>& options)
{
    if (!domain::may_be_shared(*options))
        return {};
    const auto& text = options_text(options);
    if (last_number_)
        return last_number_;
    if (auto row = sql_.query("SELECT number FROM cofila_options WHERE text = ?1", text); row.step())
        return last_number_ = row.number(0);
    if (!enough_options_) {
        const int made = sql_.exec(
            "INSERT INTO cofila_options (text) SELECT ?1 WHERE (SELECT count(*) FROM cofila_options) < 1000", text
        );
        enough_options_ = made == 0;
        if (made != 0)
            last_number_ = db_.getLastInsertRowid();
    }
    return last_number_;
}

std::shared_ptr<const job_options> session::options(std::int64_t number)
{
    if (const auto known = shared_options_.find(number); known != shared_options_.end())
        return known->second;
    auto row = sql_.query("SELECT text FROM cofila_options WHERE number = ?1", number);
    if (!row.step())
        return nullptr;
    return shared_options_[number] = options_cache_.parse(row.text(0));
}

std::int64_t session::worker_number(const std::string& name)
{
    if (const auto known = worker_numbers_.find(name); known != worker_numbers_.end())
        return known->second;
    if (auto row = sql_.query("SELECT number FROM cofila_worker_names WHERE name = ?1", name); row.step())
        return worker_numbers_[name] = row.number(0);
    sql_.exec("INSERT INTO cofila_worker_names (name) VALUES (?1)", name);
    return worker_numbers_[name] = db_.getLastInsertRowid();
}

const std::string& session::worker_name(std::int64_t number)
{
    auto& name = worker_names_[number];
    if (name.empty()) {
        auto row = sql_.query("SELECT name FROM cofila_worker_names WHERE number = ?1", number);
        if (row.step())
            name = row.text(0);
    }
    return name;
}

std::int64_t session::group_number(std::int64_t queue, const std::string& name)
{
    auto row = sql_.query("SELECT number FROM cofila_groups WHERE queue = ?1 AND name = ?2", queue, name);
    if (row.step())
        return row.number(0);
    sql_.exec("INSERT INTO cofila_groups (queue, name) VALUES (?1, ?2)", queue, name);
    const auto number = db_.getLastInsertRowid();
    if (!name.empty()) {
        sql_.exec("UPDATE cofila_queues SET grouped = 1 WHERE number = ?1 AND grouped = 0", queue);
        forget_settings(queue);
    }
    return number;
}

}  // namespace cofila::sqlite
