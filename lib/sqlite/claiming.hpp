#pragma once
#include <cofila/job_repository.hpp>

#include <cstdint>
#include <optional>
#include <vector>

#include "sqlite/session.hpp"

/// Who is next, within the limits of a queue.
namespace cofila::sqlite {

struct taken {
    std::vector<job_snapshot> claimed{};
    std::vector<job_snapshot> failed{};  ///< Cannot be trusted, or had expired.
    bool limited = false;                ///< The end of another job may make room.
    bool stopped = false;                ///< More stand in the way than one claim ends.
    std::optional<time_point> next{};    ///< Where it came back short: when a claim may find more.
};

taken claim(session& with, std::int64_t queue, const claim_order& order, time_point now);

queue_limits read_limits(session& with, std::int64_t queue);
bool set_limit(session& with, const std::string& queue, const queue_setting& what);

}  // namespace cofila::sqlite
