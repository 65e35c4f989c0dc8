#pragma once
#include <cstdint>
#include <string>

#include "postgres/link.hpp"

/// The tables in the database, and the decision whether a schema may be used.
namespace cofila::postgres {

inline constexpr std::int64_t current_version = 1;

/// Makes sure that the schema of the connection has the present tables, and makes them if it may. Refuses servers that
/// are too old, cannot be written to or do not use UTF-8 (`errc::storage_readonly`), schemas of another application
/// (`errc::storage_foreign`) and newer ones (`errc::storage_newer`), and leaves these as they are.
void open_schema(link& to);

/// Throws unless this is the present version. `name` is the store's.
void check_version(std::int64_t version, const std::string& name);

/// The commands that make the present tables.
std::string schema_commands(const std::string& schema);
/// The same for a shell, with the schema and in a transaction. Throws unless the name can be one.
std::string creation_script(const std::string& schema);

// The commands that make version 1, in which `@name` stands for a name with its schema.
const char* tables_of_1() noexcept;
const char* functions_of_1() noexcept;
const char* inbox_of_1() noexcept;

}  // namespace cofila::postgres
