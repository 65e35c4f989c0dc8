#pragma once
#include <cofila/repository/job_repository.hpp>

#include <cstdint>
#include <optional>
#include <vector>

#include "sqlite/session.hpp"
#include "sqlite/taking.hpp"

/// Which jobs are next, within the limits of a queue.
namespace cofila::sqlite {

taken claim(session& with, std::int64_t queue, const claim_order& order, time_point now, news_list& news);

/// Reads only: the result of such a claim if it has nothing to do. Unset if it may have.
std::optional<taken> find_nothing(session& with, std::int64_t queue, int wanted, time_point now);

/// What can be claimed from a queue, as far as reading shows.
struct prospect {
    std::size_t jobs = 0;              ///< Now: at most about a thousand, without regard to limits.
    std::optional<time_point> next{};  ///< When there may be some.
};
prospect claimable(session& with, const std::string& queue, time_point now);

}  // namespace cofila::sqlite
