#pragma once
#include "store/tables.hpp"

namespace cofila::test {

/// Every operation once, so that every statement of a backend has been prepared.
void use_everything(store::tables& db);

}  // namespace cofila::test
