#pragma once
#include <chrono>

/// How long those who share a file with others leave it to them.
namespace cofila::domain {

/// Before the next try to get a file that is busy. A part of what was waited already: so all who wait try about as
/// often together as one of them would alone, however many they are. `draw` in [0, 1).
std::chrono::microseconds pause_for_busy(std::chrono::steady_clock::duration waited, double draw);

/// Before somebody who has noticed a write of another process looks what it was. Who has looked in vain, `fruitless`
/// times in a row, leaves others more and more time to take what is there: but for those who take jobs, all `processes`
/// together look about once in one or two milliseconds. `draw` in [0, 1).
std::chrono::microseconds pause_before_look(int fruitless, int processes, double draw);

}  // namespace cofila::domain
