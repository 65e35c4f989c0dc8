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

/// By reading alone: what such a claim says that has nothing to do. Nothing: it may have.
std::optional<taken> find_nothing(session& with, std::int64_t queue, int wanted, time_point now);

/// What a queue has to claim, as far as reading tells.
struct prospect {
    std::size_t jobs = 0;              ///< Now; at most a thousand, for limits are not counted.
    std::optional<time_point> next{};  ///< Later.
};
prospect claimable(session& with, const std::string& queue, time_point now);

queue_limits read_limits(session& with, std::int64_t queue);
void set_limit(session& with, const std::string& queue, const queue_setting& what);

}  // namespace cofila::sqlite
