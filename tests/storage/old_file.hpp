#pragma once
#include <SQLiteCpp/Database.h>

#include <string>
#include <vector>

namespace cofila::test {

/// Makes a file with the tables of an older schema version, and nothing in them.
void make_old_file(const std::string& path, int version);

/// A copy of a file that is kept among the sources, as a program of this schema version left it.
std::string copy_of_old_file(const std::string& folder, int version);

/// Fills a file of version 4 with this many jobs of all kinds: of every state, with and without groups and
/// deduplication, long ones, kept ones, and some whose values make no sense.
void fill_old_file(const std::string& path, int jobs);

/// Returns what the tables of version 4, or of version 5, hold about each job: one text for each, in the order of their
/// keys. The texts are equal if a migration has kept everything. Values that version 5 does not keep, such as tokens,
/// are left out.
std::vector<std::string> jobs_of_4(SQLite::Database& db);
std::vector<std::string> jobs_of_5(SQLite::Database& db);

}  // namespace cofila::test
