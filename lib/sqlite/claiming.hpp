#pragma once
#include <cofila/job_repository.hpp>

#include <cstdint>
#include <optional>
#include <vector>

#include "sqlite/session.hpp"

/// Which jobs are next, within the limits of a queue.
namespace cofila::sqlite {

struct taken {
    std::vector<job_snapshot> claimed{};
    std::size_t ended = 0;             ///< Jobs that were unfit: damaged, or expired.
    bool limited = false;              ///< The end of another job may make room.
    bool stopped = false;              ///< There are more unfit jobs than one claim ends.
    std::optional<time_point> next{};  ///< Set if it came back short: when a claim may find more.
};

taken claim(session& with, std::int64_t queue, const claim_order& order, time_point now, news_list& news);

/// Reads only: the result of such a claim if it has nothing to do. Unset if it may have.
std::optional<taken> find_nothing(session& with, std::int64_t queue, int wanted, time_point now);

/// What can be claimed from a queue, as far as reading shows.
struct prospect {
    std::size_t jobs = 0;              ///< Now: at most about a thousand, without regard to limits.
    std::optional<time_point> next{};  ///< When there may be some.
};
prospect claimable(session& with, const std::string& queue, time_point now);

queue_limits read_limits(session& with, std::int64_t queue);
void set_limit(session& with, const std::string& queue, const queue_setting& what);

}  // namespace cofila::sqlite
