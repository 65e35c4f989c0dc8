#pragma once
#include <string_view>

namespace cofila::domain {

/// Whether `engine_options::database` names a PostgreSQL database, as a URL or as `keyword=value` pairs. Anything else
/// is the path of a file.
bool is_postgresql(std::string_view database);

}  // namespace cofila::domain
