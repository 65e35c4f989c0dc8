// F38, F54: what SQLite answers, in the words of this library.
#include <sqlite3.h>

#include "sqlite/problem.hpp"
#include "support/print.hpp"

using namespace cofila;

namespace {

struct answer {
    int code;
    errc in_statement;
    errc in_commit;
};

constexpr answer answers[] = {
    {SQLITE_BUSY, errc::storage_busy, errc::storage_busy},
    {SQLITE_BUSY_SNAPSHOT, errc::storage_busy, errc::storage_busy},
    {SQLITE_BUSY_RECOVERY, errc::storage_busy, errc::storage_busy},
    {SQLITE_LOCKED, errc::storage_busy, errc::outcome_unknown},
    {SQLITE_PROTOCOL, errc::storage_busy, errc::outcome_unknown},
    {SQLITE_NOMEM, errc::storage_busy, errc::outcome_unknown},
    {SQLITE_FULL, errc::storage_full, errc::storage_full},
    {SQLITE_READONLY_DBMOVED, errc::storage_readonly, errc::storage_readonly},
    {SQLITE_CANTOPEN, errc::storage_readonly, errc::outcome_unknown},
    {SQLITE_IOERR_FSYNC, errc::storage_readonly, errc::outcome_unknown},
    {SQLITE_IOERR_WRITE, errc::storage_readonly, errc::outcome_unknown},
    {SQLITE_IOERR_LOCK, errc::storage_readonly, errc::outcome_unknown},
    {SQLITE_TOOBIG, errc::payload_too_large, errc::outcome_unknown},
    {SQLITE_CORRUPT, errc::storage_corrupt, errc::outcome_unknown},
    {SQLITE_MISUSE, errc::internal, errc::outcome_unknown},
    {SQLITE_RANGE, errc::internal, errc::outcome_unknown},
    {SQLITE_INTERNAL, errc::internal, errc::outcome_unknown},
    {-1, errc::internal, errc::outcome_unknown},  // SQLiteCpp's own
    {SQLITE_INTERRUPT, errc::storage_busy, errc::outcome_unknown},
    {SQLITE_NOTADB, errc::storage_corrupt, errc::outcome_unknown},
};

}  // namespace

TEST_SUITE_BEGIN("problem");

TEST_CASE("F38: each answer of SQLite has a code, and after a commit all that may have been stored is unknown")
{
    for (const auto& [code, in_statement, in_commit] : answers) {
        INFO("SQLite code ", code);
        const SQLite::Exception thrown{"what it says", code};
        const auto described = sqlite::describe(thrown, "/some/jobs.db");
        CHECK(described.code() == in_statement);
        CHECK(std::string{described.what()}.find("'/some/jobs.db': what it says") != std::string::npos);
        CHECK(sqlite::describe_commit(thrown, "/some/jobs.db").code() == in_commit);
    }
}

TEST_SUITE_END();
