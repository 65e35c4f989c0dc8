#pragma once
#include <cstddef>
#include <functional>
#include <string>

#include "store.hpp"

/// Copies jobs from one store to another, of any kind.
namespace copying {

/// How many jobs there are of a queue, and how many of them the other store did not have before.
struct count {
    std::size_t jobs = 0;
    std::size_t copied = 0;
};

/// Copies all queues with their settings and jobs. What is there already by its id is left as it is, so that a copy
/// that was interrupted can be made again. Throws `cofila::error`: `errc::wrong_state` while a job is active whose lock
/// has not ended, and the storage codes.
void copy_all(store& from, store& to, const std::function<void(const std::string& queue, count)>& tell);

}  // namespace copying
