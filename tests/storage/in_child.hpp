#pragma once
#include <functional>
#include <string>

namespace cofila::test {

/// What `body` answers when it runs in a process of its own, which ends with it: for limits and rights that cannot be
/// taken back. "died: ..." where it ended otherwise, also after a minute.
std::string in_child(const std::function<std::string()>& body);

/// The rights of root go, where there were any. For use in a child.
void become_nobody();

}  // namespace cofila::test
