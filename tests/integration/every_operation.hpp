#pragma once
#include "integration/sqlite_support.hpp"

namespace cofila::test {

/// Every operation once, so that every statement has been prepared.
void use_everything(sqlite::session& tx);

}  // namespace cofila::test
