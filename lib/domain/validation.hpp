#pragma once
#include <cofila/job_options.hpp>
#include <cofila/limits.hpp>
#include <cofila/queue_types.hpp>
#include <cofila/repository/job_change.hpp>

#include <string_view>

#include "domain/ranges.hpp"

namespace cofila::domain {

inline constexpr int most_events = 1'000'000;
inline constexpr int most_minutes = 31 * 24 * 60;
/// A lock longer than a year is a mistake, and now + lock_duration must not overflow.
inline constexpr milliseconds longest_lock = std::chrono::hours{366 * 24};

/// Throws `errc::invalid_argument` naming the field if a member that is set is out of its range.
void check(const job_options& options);
void check(const queue_options& options);
void check(const claim_request& request);
void check(const page_request& request);
void check(const job_filter& filter);
void check(const clean_request& request);
void check(const retry_request& request);
void check(const job_change& change);
void check(const queue_setting& setting);

/// Returns `at + wait`. Throws `errc::invalid_argument` naming `field` if that is no date.
time_point add_delay(std::string_view field, time_point at, milliseconds wait);

/// Options with every member set that has a default, and no id: what the job says, else the queue's default, else the
/// built-in one.
job_options resolve(const job_options& options, const queue_options& queue);

}  // namespace cofila::domain
