#pragma once
#include <SQLiteCpp/Database.h>

namespace cofila::sqlite {

/// Moves a file from version 4 to version 5, whose observing triggers exist afterwards if a queue is watched. Call it
/// within a transaction: after an exception the tables are in between. Throws `errc::storage_corrupt`.
void migrate_to_5(SQLite::Database& db);

/// The tables of version 5 that it has from the versions before it: SQL, in which `tables_of_5` follows.
const char* other_tables_of_5() noexcept;
/// What version 5 adds to the tables of version 4: SQL for tables and indexes.
const char* tables_of_5() noexcept;
/// The inbox and the views of version 5.
const char* inbox_of_5() noexcept;

}  // namespace cofila::sqlite
