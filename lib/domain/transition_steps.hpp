#pragma once
#include <cofila/repository/job_record.hpp>
#include <cofila/repository/transition.hpp>

/// What the transition rules have in common.
namespace cofila::domain {

/// A transition to `to` that changes nothing else unless a rule says so.
transition move_to(const job_record& job, job_state to);

/// Lets it wait now, or later if there is a delay. Saturates, so that a job is never lost to a date.
void wait_again(transition& change, milliseconds delay, time_point now);
time_point saturated(time_point now, milliseconds wait);

transition::placement back_of_line(const job_record& job);

bool waits(const job_record& job);

}  // namespace cofila::domain
