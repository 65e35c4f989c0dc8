// Lets the application add and complete jobs in a transaction of its own, so that its rows and our jobs are committed
// together or not at all. The connection is the application's and must have been prepared: `prepare` installs our busy
// handler and turns checkpoints off, and an SQL function marks the connection as prepared. Each call first takes the
// write lock without changing a row, before it reads: a transaction that only upgrades later would fail where another
// connection has written meanwhile. Then it checks the schema's version, sets a savepoint, and works with a session
// that lives for this call alone, so that nothing is remembered across the application's rollbacks. `flush` stores the
// positions given, the savepoint is released, and last_insert_rowid is put back. On any error the savepoint undoes our
// part, and the application's transaction goes on.
#include "sqlite/application_transaction.hpp"

#include <cofila/clock.hpp>
#include <cofila/environment.hpp>
#include <cofila/error.hpp>

#include <sqlite3.h>

#include <filesystem>
#include <memory>
#include <utility>

#include "async/wait_until.hpp"
#include "domain/jitter.hpp"
#include "domain/patience.hpp"
#include "sqlite/problem.hpp"
#include "sqlite/schema.hpp"
#include "sqlite/session.hpp"
#include "store/adding.hpp"
#include "store/settling.hpp"

namespace cofila::sqlite {

namespace {

/// The state of a prepared connection's busy handler.
struct patience {
    const milliseconds limit;
    const std::shared_ptr<clock> time = system_clock();
    domain::jitter jitter{environment::system().random->next()};
    steady_time since{};
};

int on_busy(void* self, int attempt)
{
    auto& wait = *static_cast<patience*>(self);
    const auto now = wait.time->steady_now();
    if (attempt == 0)
        wait.since = now;
    if (now >= later(wait.since, wait.limit))
        return 0;
    connection::sleep(domain::pause_for_busy(now - wait.since, 1, wait.jitter.draw()));
    return 1;
}

void forget(void* patient) { delete static_cast<patience*>(patient); }

void answer_yes(sqlite3_context* asked, int, sqlite3_value**) { sqlite3_result_int(asked, 1); }

bool is_prepared(SQLite::Database& db)
{
    const int asked = db.tryExec("SELECT cofila_prepared()");
    if (asked != SQLITE_OK && (asked & 0xFF) != SQLITE_ERROR)
        throw SQLite::Exception{db.getHandle(), asked};
    // Either is more than 0 if it was set after prepare(), which replaced our handler.
    return asked == SQLITE_OK && db.execAndGet("PRAGMA busy_timeout").getInt() == 0 &&
           db.execAndGet("PRAGMA wal_autocheckpoint").getInt() == 0;
}

error unfit(std::string_view text) { return {errc::invalid_argument, "db", text}; }

/// Makes the transaction a writing one. Called before anything is read: SQLite does not wait for other writers once the
/// transaction has read, since what it has read may have changed.
void take_write_lock(SQLite::Database& db)
{
    const int begun = sqlite3_txn_state(db.getHandle(), "main");
    const int taken = db.tryExec("DELETE FROM main.cofila_meta WHERE 0");
    if ((taken & 0xFF) == SQLITE_ERROR)
        return check_tables(db);  // throws, naming what is missing
    if ((taken & 0xFF) == SQLITE_BUSY && begun == SQLITE_TXN_READ)
        throw error{
            errc::storage_busy,
            "'" + db.getFilename() +
                "': the transaction has read before it writes, while others write; begin it with BEGIN IMMEDIATE"
        };
    if (taken != SQLITE_OK)
        throw SQLite::Exception{db.getHandle(), taken};
}

void check_fit(SQLite::Database& db)
{
    if (!is_prepared(db))
        throw unfit(
            "must be prepared: call cofila::prepare(db) once, and set no other busy_timeout or wal_autocheckpoint"
        );
    if (sqlite3_get_autocommit(db.getHandle()) != 0)
        throw unfit("must be in a transaction of yours: begin one with BEGIN IMMEDIATE");
}

/// A savepoint around our writes, rolled back unless `keep()` is called. Restores `last_insert_rowid`, so that the
/// application never sees our rows in it.
class our_part {
public:
    explicit our_part(SQLite::Database& db) : db_{db}, last_row_{db.getLastInsertRowid()}
    {
        db_.exec("SAVEPOINT cofila");
    }
    our_part(const our_part&) = delete;
    our_part& operator=(const our_part&) = delete;
    ~our_part()
    {
        if (!kept_)
            db_.tryExec("ROLLBACK TO cofila; RELEASE cofila");
        sqlite3_set_last_insert_rowid(db_.getHandle(), last_row_);
    }

    void keep()
    {
        db_.exec("RELEASE cofila");
        kept_ = true;
    }

private:
    SQLite::Database& db_;
    const std::int64_t last_row_;
    bool kept_ = false;
};

template <class Work>
auto within(SQLite::Database& db, Work work)
{
    try {
        check_fit(db);
        take_write_lock(db);
        check_tables(db);
        our_part part{db};
        session with{db};
        auto answer = work(with);
        with.flush();
        part.keep();
        return answer;
    } catch (const SQLite::Exception& e) {
        throw describe(e, db.getFilename());
    }
}

}  // namespace

bool tune_sqlite() noexcept { return ::sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0) == SQLITE_OK; }

void prepare(SQLite::Database& db, milliseconds wait)
{
    auto* const raw = db.getHandle();
    auto* const patient = new patience{.limit = wait};
    try {
        // The function marks the connection as prepared and owns `patient`, for as long as the connection lives. SQLite
        // deletes `patient` if this call fails, too.
        db.check(sqlite3_create_function_v2(
            raw, "cofila_prepared", 0, SQLITE_UTF8 | SQLITE_DIRECTONLY, patient, answer_yes, nullptr, nullptr, forget
        ));
        sqlite3_busy_handler(raw, on_busy, patient);
        sqlite3_wal_autocheckpoint(raw, 0);
    } catch (const SQLite::Exception& e) {
        throw describe(e, db.getFilename());
    }
}

void check_connected(SQLite::Database& db, const std::string& path)
{
    const auto* const name = sqlite3_db_filename(db.getHandle(), "main");
    const std::string connected = name ? name : "";
    std::error_code unknown;
    if (path.empty())
        throw unfit("cannot share a transaction with this queue: its engine has no SQLite file");
    if (!std::filesystem::equivalent(connected, path, unknown))
        throw unfit("must be connected to '" + path + "', where the queue is, not to '" + connected + "'");
}

std::vector<added_row> add_within(SQLite::Database& db, const std::vector<job_draft>& jobs)
{
    return within(db, [&](session& tx) { return store::add(tx, jobs).rows; });
}

settled settle_within(SQLite::Database& db, const settlement& end)
{
    if (sqlite3_get_autocommit(db.getHandle()) == 0 && sqlite3_txn_state(db.getHandle(), "main") != SQLITE_TXN_WRITE)
        throw unfit("must be in a transaction that was begun with BEGIN IMMEDIATE");
    return within(db, [&](session& tx) { return store::settle_alone(tx, end); });
}

}  // namespace cofila::sqlite
