#pragma once
#include <cofila/job_repository.hpp>
#include <cofila/time.hpp>

#include <SQLiteCpp/Database.h>

#include <string>
#include <vector>

/// What is done in a transaction of the application's, on a connection of its own. All of it is done or nothing, and
/// the connection is left as it was. Errors: as cofila/sqlite.hpp says.
namespace cofila::sqlite {

/// See cofila/sqlite.hpp.
void prepare(SQLite::Database& db, milliseconds wait);

/// Throws unless `db` is connected to the file at `path`; an empty one is no file.
void check_connected(SQLite::Database& db, const std::string& path);

/// As `job_repository::add`.
std::vector<added_row> add_within(
    SQLite::Database& db, const std::string& queue, const std::vector<job_snapshot>& jobs
);

/// Ends an attempt, if its token holds the lock; never `settled::cancelled`. The transaction has to be a writing one.
settled settle_within(SQLite::Database& db, const std::string& queue, const settlement& end);

}  // namespace cofila::sqlite
