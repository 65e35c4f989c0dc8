#pragma once
#include <cofila/repository/job_repository.hpp>
#include <cofila/time.hpp>

#include <SQLiteCpp/Database.h>

#include <string>
#include <vector>

/// Operations within a transaction of the application, on its own connection. Each is done as a whole or not at all,
/// and leaves the connection as it was. Errors: as cofila/sqlite.hpp says.
namespace cofila::sqlite {

/// For these two see cofila/sqlite.hpp.
bool tune_sqlite() noexcept;
void prepare(SQLite::Database& db, milliseconds wait);

/// Throws unless `db` is connected to the file at `path`. An empty path stands for no file.
void check_connected(SQLite::Database& db, const std::string& path);

/// As `job_repository::add`.
std::vector<added_row> add_within(SQLite::Database& db, const std::vector<job_draft>& jobs);

/// Ends an attempt if its token holds the lock. Never returns `settled::cancelled`. The transaction must already hold
/// the write lock.
settled settle_within(SQLite::Database& db, const settlement& end);

}  // namespace cofila::sqlite
