#pragma once
#include <SQLiteCpp/Database.h>

#include <cstdint>

namespace cofila::sqlite {

/// The version of the tables that this program works with.
inline constexpr int current_version = 6;

/// Brings the tables from version `from` (0 for no tables) to `to`. Call it within a transaction if it is to be all or
/// nothing.
void make_tables(SQLite::Database& db, std::int64_t from, std::int64_t to);
/// The same by the migrations alone.
void migrate_tables(SQLite::Database& db, std::int64_t from, std::int64_t to);

}  // namespace cofila::sqlite
