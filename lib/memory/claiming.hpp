#pragma once
#include <cofila/repository/job_repository.hpp>

#include <optional>
#include <vector>

#include "memory/stored_queue.hpp"

/// Which jobs are next, within the limits of the queue.
namespace cofila::memory {

struct taken {
    std::vector<job_snapshot> claimed{};
    bool limited = false;               ///< The end of another job may make room.
    std::optional<time_point> again{};  ///< When a rate makes room, or more unfit jobs can be ended.
};

taken claim(stored_queue& queue, const claim_order& order, time_point now, news_list& news);

std::optional<time_point> first_due(const stored_queue& queue);

/// After a claim that came back short: when the next may find more.
std::optional<time_point> next_claim(const stored_queue& queue, std::optional<time_point> again, time_point now);

job_situation situation_of(const stored_queue& queue, const job_record& job, time_point now);

}  // namespace cofila::memory
