#pragma once
#include <cstdint>
#include <string>

#include "sqlite/connection.hpp"

namespace cofila::sqlite {

/// The path that stays the same file's when the program changes its folder; its log is beside what links lead to.
/// Throws `errc::invalid_argument`, field `database`, for what is no path.
std::string resolved_path(const std::string& path);

/// Looks at the file without changing it and throws unless it is ours, new, or may be shared (`embed`):
/// `errc::storage_foreign`, `errc::storage_newer`, `errc::storage_readonly`, `errc::storage_corrupt`.
void check_file(const connection_options& options, bool embed);

/// Throws unless a file with this schema version is one that this program can work with: `errc::storage_newer`,
/// `errc::storage_corrupt`.
void check_version(std::int64_t version, const std::string& path);
/// Throws unless the database has our tables as this version writes them: `errc::invalid_argument`, field `db`,
/// `errc::storage_newer`.
void check_tables(SQLite::Database& db);

/// Makes in a database of the schema's version `from` (0: none) what `to` has more. Within a transaction of the
/// caller's, where it is to be all or nothing.
void make_tables(SQLite::Database& db, std::int64_t from, std::int64_t to);

/// Brings the file to the schema of this version, in one transaction. Several processes may do so at once.
void migrate(connection& to, bool embed);

}  // namespace cofila::sqlite
