#pragma once
#include <chrono>

/// How long processes that share a store leave it to each other, or to itself.
namespace cofila::domain {

/// The pause before the next try to get a busy file: a fraction of the time waited so far, up to a limit that grows
/// with the number of processes. So all waiting processes together try about as often as a few would, and do not use up
/// the processors by asking. `draw` in [0, 1).
std::chrono::microseconds pause_for_busy(std::chrono::steady_clock::duration waited, int processes, double draw);

/// The pause of a process that has noticed another one's write before it looks what was written. After `fruitless`
/// looks in a row it leaves others more and more time to take what is there: apart from processes that take jobs, all
/// `processes` together look about once in two milliseconds. `draw` in [0, 1).
std::chrono::microseconds pause_before_look(int fruitless, int processes, double draw);

/// The pause before a try to reach a server that may be starting. `attempt` is 0 for the first of a series.
std::chrono::milliseconds pause_before_connecting(int attempt);

}  // namespace cofila::domain
