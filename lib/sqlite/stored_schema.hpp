#pragma once
#include <SQLiteCpp/Database.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace cofila::sqlite {

/// Throws unless the objects named `cofila_...`, or on tables named so, are exactly those of this schema version (none
/// for 0). A trigger, a view or an index that is not ours would take part in every operation and may do anything there:
/// `errc::storage_foreign`, which names it. If an object is missing or different: `errc::storage_corrupt`.
void check_objects(SQLite::Database& db, std::int64_t version, const std::string& path);

/// SQL without comments and superfluous space: two versions of SQLite may store the same table in two ways.
std::string bare_sql(std::string_view sql);

}  // namespace cofila::sqlite
