// Opens a connection as sharing a file requires. It never checkpoints (`wal_autocheckpoint=0`): a checkpoint that races
// a commit of another connection may damage the file in SQLite before 3.51.3; only closing does, where SQLite holds an
// exclusive lock. A busy file is not waited for with SQLite's `busy_timeout` but by a handler of ours, in steps that
// grow with the time waited and have jitter, until the operation's deadline or until `hurry` is set. The progress
// handler interrupts a statement at that deadline, so that a crafted schema cannot hold the thread; `time_limit` sets
// it, and commits and migrations run without one. Defensive mode and an untrusted schema limit what a foreign file can
// do. The WAL hook notes the length of the log, by which the batch decides when to copy it.
#include "sqlite/connection.hpp"

#include <sqlite3.h>

#include <cstddef>

#include "domain/patience.hpp"

namespace cofila::sqlite {

namespace {

int open_flags(const connection_options& options)
{
    // No mutexes: a connection belongs to one thread.
    return SQLite::OPEN_NOMUTEX | (options.immutable ? SQLite::OPEN_URI : 0) |
           (options.read_only ? SQLite::OPEN_READONLY : SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
}

/// Steps of SQLite's virtual machine between two looks at the clock: a small part of a millisecond.
constexpr int steps_between_looks = 1000;

/// What SQLite is to open: the path, or a URI, in which any byte may be written as %XX.
std::string name_of(const connection_options& options)
{
    if (!options.immutable)
        return options.path;
    constexpr const char* digits = "0123456789ABCDEF";
    std::string out{"file:"};
    for (const auto byte : options.path) {
        const auto number = static_cast<unsigned char>(byte);
        const bool plain = byte == '/' || (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z');
        out += plain ? std::string{byte} : std::string{'%', digits[number / 16], digits[number % 16]};
    }
    return out + "?immutable=1";
}

constexpr const char* settings = R"sql(
PRAGMA temp_store=MEMORY;
PRAGMA mmap_size=0;
PRAGMA foreign_keys=OFF;
PRAGMA wal_autocheckpoint=0;
PRAGMA journal_size_limit=33554432; -- after a long reader has kept the log from being reused
)sql";

}  // namespace

connection::connection(connection_options options)
    : options_{std::move(options)},
      db_{name_of(options_), open_flags(options_)},
      jitter_{options_.seed}
{
    auto* const raw = handle();
    sqlite3_extended_result_codes(raw, 1);
    sqlite3_busy_handler(raw, &connection::on_busy, this);
    sqlite3_progress_handler(raw, steps_between_looks, &connection::on_progress, this);
    restart_deadline();
    sqlite3_db_config(raw, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    sqlite3_db_config(raw, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
    // Without this a statement whose bound values might allow a partial index is planned anew each time it runs.
    sqlite3_db_config(raw, SQLITE_DBCONFIG_ENABLE_QPSG, 1, nullptr);
    // The last writable connection to close copies the log and removes it. That is safe in every version of SQLite: it
    // is done only where an exclusive lock shows that no other connection is open.
    sqlite3_db_config(raw, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, options_.read_only ? 1 : 0, nullptr);
    db_.exec(settings);
    db_.exec(options_.durability == cofila::durability::full ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL");
    if (options_.read_only)
        db_.exec("PRAGMA query_only=ON");
    else
        sqlite3_wal_hook(raw, &connection::on_commit, this);
}

bool connection::in_transaction() const noexcept { return sqlite3_get_autocommit(handle()) == 0; }

unsigned connection::data_version() const noexcept
{
    unsigned version = 0;
    sqlite3_file_control(handle(), "main", SQLITE_FCNTL_DATA_VERSION, &version);
    return version;
}

/// Compares two numbers of the wal-index, whose layout SQLite's file format defines: the frames in the log, and those
/// that have been copied into the database. Once all have been copied, the next commit begins the log anew.
bool connection::begins_log_anew() const noexcept
{
    constexpr std::size_t frames_at = 16;
    constexpr std::size_t copied_at = 96;
    constexpr int region_size = 32 * 1024;
    sqlite3_file* file = nullptr;
    void volatile* index = nullptr;
    sqlite3_file_control(handle(), "main", SQLITE_FCNTL_FILE_POINTER, static_cast<void*>(&file));
    if (!file || !file->pMethods || file->pMethods->xShmMap(file, 0, region_size, 0, &index) != SQLITE_OK || !index)
        return true;
    const auto number_at = [index](std::size_t offset) {
        return *reinterpret_cast<const volatile std::uint32_t*>(static_cast<const volatile char*>(index) + offset);
    };
    return number_at(frames_at) == number_at(copied_at);
}

void connection::leave_log() { sqlite3_db_config(handle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr); }

void connection::sleep(std::chrono::microseconds time)
{
    auto* const files = sqlite3_vfs_find(nullptr);
    files->xSleep(files, static_cast<int>(time.count()));
}

bool connection::wait_for_others(int attempt)
{
    const auto now = options_.clock->steady_now();
    if (attempt == 0)
        waits_since_ = now;
    if ((options_.hurry && *options_.hurry) || now >= deadline_)
        return false;
    sleep(domain::pause_for_busy(now - waits_since_, sharers_, jitter_.draw()));
    return true;
}

int connection::on_busy(void* self, int attempt)
{
    return static_cast<connection*>(self)->wait_for_others(attempt) ? 1 : 0;
}

int connection::on_progress(void* self)
{
    const auto& link = *static_cast<connection*>(self);
    return link.options_.clock->steady_now() >= link.statements_end_ ? 1 : 0;
}

int connection::on_commit(void* self, sqlite3*, const char*, int frames)
{
    static_cast<connection*>(self)->log_frames_ = frames;
    return SQLITE_OK;
}

}  // namespace cofila::sqlite
