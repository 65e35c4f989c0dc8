#pragma once
#include <cofila/queue_types.hpp>
#include <cofila/time.hpp>

#include <string>
#include <variant>

namespace cofila {

// What a caller that does not hold a job's lock may ask for. The transition rules decide what becomes of it.
struct removal {};         ///< Removes a job in any state but active.
struct forced_removal {};  ///< Removes a job in any state; the worker that runs it has lost it.
struct promotion {};       ///< Lets a delayed job wait now, in its old place.
/// Lets a completed or failed job wait again, at the tail (at the head if lifo).
struct retrial {
    retry_options options{};
};
/// Makes a waiting or delayed job due `wait` from now.
struct new_delay {
    milliseconds wait{};
};
/// Moves a waiting or delayed job to the tail of that priority, or to its head.
struct new_priority {
    int priority = 0;
    bool lifo = false;
};
/// Fails a job that has not finished; an active one once its worker has learned of it.
struct cancellation {
    std::string why{};
};

using job_change = std::variant<removal, forced_removal, promotion, retrial, new_delay, new_priority, cancellation>;

}  // namespace cofila
