#pragma once
#include <cofila/queue_types.hpp>
#include <cofila/time.hpp>

#include <string>
#include <variant>

namespace cofila {

/// What somebody who does not hold a job's lock may ask for; lib/domain/transitions.hpp says what comes of it, and in
/// which states.
struct removal {};         ///< Any but an active one.
struct forced_removal {};  ///< Whatever its state; who runs it has lost it.
struct promotion {};       ///< A delayed one waits now, in its old place.
struct retrial {
    retry_options options{};
};  ///< A completed or failed one waits again, at the tail (the head if lifo).
struct new_delay {
    milliseconds wait{};
};  ///< A waiting or delayed one is due so long from now.
struct new_priority {
    int priority = 0;
    bool lifo = false;
};  ///< A waiting or delayed one goes to the tail of that priority, or to its head.
struct cancellation {
    std::string why{};
};  ///< One that has not finished fails; an active one when its worker has heard of it.

using job_change = std::variant<removal, forced_removal, promotion, retrial, new_delay, new_priority, cancellation>;

}  // namespace cofila
