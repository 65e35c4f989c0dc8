#pragma once
#include "integration/sqlite_support.hpp"
#include "storage/ledger.hpp"

namespace cofila::test {

/// Opens the file cleanly and looks whether it is what was told.
findings inspect(const sqlite::connection_options& options, const ledger& told);

}  // namespace cofila::test
