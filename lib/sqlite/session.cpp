// What a connection remembers between statements, and when it must forget. Queue numbers, the positions and keys given
// out, and the check of the schema are valid while no other connection commits: `begun` compares the file's data
// version with the one after our last commit and drops everything when they differ. Positions are given from memory;
// `flush`, before COMMIT, stores a bound that is up to 1000 further out, so most transactions need not write it, and a
// crash skips numbers but never causes one to be given twice. `flush` also unsets the version, and only `committed`
// sets it again: after a COMMIT that failed everything is read anew. After a rollback of a part only names are dropped,
// since a queue that was made in it is gone; given positions stay given.
#include "sqlite/session.hpp"

#include <cofila/error.hpp>

#include <limits>

#include "sqlite/schema.hpp"
#include "sqlite/stored_schema.hpp"

namespace cofila::sqlite {

namespace {

/// How far the stored bound is ahead of the positions that were given.
constexpr std::int64_t reserved = 1000;

}  // namespace

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
    if (first ? given.head <= limits::min() + reserved : given.tail >= limits::max() - reserved)
        throw error{errc::storage_corrupt, "the positions or keys of the file are used up; its counters are damaged"};
    return first ? --given.head : ++given.tail;
}

void session::begun()
{
    has_room_.reset();
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

void session::forget_names()
{
    numbers_.clear();
    names_.clear();
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
        last_options_ = options;  // kept alive, so that no other options can have its address
    }
    return last_text_;
}

}  // namespace cofila::sqlite
