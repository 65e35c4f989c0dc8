#pragma once
#include <string>

namespace cofila::test {

/// Why there is no PostgreSQL server for tests; empty if there is one.
std::string why_no_postgres();

/// The connection string of a server for tests: what COFILA_TEST_POSTGRES says, or a server in a temporary folder,
/// which this program starts with the first call and ends with itself. It can be reached on this machine alone, and
/// syncs nothing.
std::string postgres_target();

}  // namespace cofila::test
