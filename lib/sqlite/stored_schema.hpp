#pragma once
#include <SQLiteCpp/Database.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace cofila::sqlite {

/// Throws unless what is named `cofila_...` in the file, or stands on what is named so, is what this version of the
/// schema has (0: nothing). A trigger, a view or an index of somebody else's would take part in every operation, and
/// may do anything there: `errc::storage_foreign`, which names it. What is missing or different:
/// `errc::storage_corrupt`.
void check_objects(SQLite::Database& db, std::int64_t version, const std::string& path);

/// SQL without its comments and the space that it does not need: two versions of SQLite may write down one table in two
/// ways.
std::string bare_sql(std::string_view sql);

}  // namespace cofila::sqlite
