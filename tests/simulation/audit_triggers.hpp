#pragma once
#include <string>

namespace cofila::sim {

/// The SQL of the triggers that call the functions of `audit`.
const std::string& audit_triggers();

}  // namespace cofila::sim
