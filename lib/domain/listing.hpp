#pragma once
#include <cofila/queue_types.hpp>
#include <cofila/repository/job_record.hpp>

#include <vector>

namespace cofila::domain {

/// A page is sought among this many jobs: what a filter leaves out must not make a call long.
inline constexpr int most_examined = 5000;

/// Jobs that share one order: those of one state, or finished ones of both.
struct listing {
    std::vector<job_state> of{};
    char letter = ' ';  ///< Begins its cursors, so that one of another listing is refused.
};

/// The listings that show the jobs of these states (at least one), one after the other.
std::vector<listing> listings_of(const job_states& wanted, bool newest_first);

bool matches(const job_record& job, const job_filter& filter);

/// Whether no job that follows this one in its listing can match: finished jobs come in the order in which they
/// finished, or in the opposite one.
bool none_follow(const job_record& job, const job_filter& filter, bool newest_first);

}  // namespace cofila::domain
