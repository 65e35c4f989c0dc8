#include "sqlite/connection.hpp"

#include <sqlite3.h>

#include <algorithm>

namespace cofila::sqlite {

namespace {

int open_flags(const connection_options& options)
{
    // No mutexes: a connection belongs to one thread.
    return SQLite::OPEN_NOMUTEX |
           (options.read_only ? SQLite::OPEN_READONLY : SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
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
      db_{options_.path, open_flags(options_)}
{
    auto* const raw = handle();
    sqlite3_extended_result_codes(raw, 1);
    sqlite3_busy_handler(raw, &connection::on_busy, this);
    restart_deadline();
    sqlite3_db_config(raw, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    sqlite3_db_config(raw, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
    // Else a statement whose bound values might let it use a partial index is planned anew each time that it runs.
    sqlite3_db_config(raw, SQLITE_DBCONFIG_ENABLE_QPSG, 1, nullptr);
    // The last connection that may write copies the log and removes it when it is closed. That is safe in every version
    // of SQLite: it is done only where an exclusive lock shows that nobody else has the file open.
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

void connection::leave_log() { sqlite3_db_config(handle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr); }

void connection::sleep(std::chrono::microseconds time)
{
    auto* const files = sqlite3_vfs_find(nullptr);
    files->xSleep(files, static_cast<int>(time.count()));
}

void connection::pause(int attempt) { sleep(std::chrono::microseconds{std::min(50 + 10 * attempt, 200)}); }

bool connection::wait_for_others(int attempt) const
{
    if ((options_.hurry && *options_.hurry) || options_.clock->steady_now() >= deadline_)
        return false;
    pause(attempt);
    return true;
}

int connection::on_busy(void* self, int attempt)
{
    return static_cast<connection*>(self)->wait_for_others(attempt) ? 1 : 0;
}

int connection::on_commit(void* self, sqlite3*, const char*, int frames)
{
    static_cast<connection*>(self)->log_frames_ = frames;
    return SQLITE_OK;
}

}  // namespace cofila::sqlite
