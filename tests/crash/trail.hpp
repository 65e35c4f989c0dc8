#pragma once
#include <string>

namespace cofila::test {

/// Begins a trail of every change of a job's state: the table `audit` of the file.
void begin_trail(const std::string& database);

/// From now on each connection of this process writes the trail of a file that has one, in the very transaction that
/// makes the change. Its triggers are temporary: in the file they would be foreign, and the file would be refused.
void follow_trails();

}  // namespace cofila::test
