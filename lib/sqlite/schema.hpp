#pragma once
#include <cstdint>
#include <string>

#include "sqlite/connection.hpp"
#include "sqlite/migrations.hpp"

namespace cofila::sqlite {

/// Looks at the file without changing it. Throws unless it is ours, new, or may be shared (`embed`):
/// `errc::storage_foreign`, `errc::storage_newer`, `errc::storage_readonly`, `errc::storage_corrupt`.
void check_file(const connection_options& options, bool embed);

/// Throws unless this program can work with a file of this schema version: `errc::storage_newer`,
/// `errc::storage_corrupt`.
void check_version(std::int64_t version, const std::string& path);
/// Throws unless the database has our tables in this program's version: `errc::invalid_argument`, field `db`,
/// `errc::storage_newer`.
void check_tables(SQLite::Database& db);

/// Migrates the file to this program's schema, in one transaction. Several processes may do so at once.
void migrate(connection& to, bool embed);

}  // namespace cofila::sqlite
