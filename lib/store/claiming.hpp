#pragma once
#include <cofila/repository/job_repository.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "store/taking.hpp"

/// Which jobs are next, within the limits of a queue.
namespace cofila::store {

taken claim(tables& db, std::int64_t queue, const claim_order& order, time_point now, news_list& news);

/// Reads only: the result of such a claim if it has nothing to do. Unset if it may have.
std::optional<taken> find_nothing(tables& db, std::int64_t queue, int wanted, time_point now);

/// What can be claimed from a queue, as far as reading shows.
struct prospect {
    std::size_t jobs = 0;              ///< Now: at most about a thousand, without regard to limits.
    std::optional<time_point> next{};  ///< When there may be some.
};
prospect claimable(tables& db, const std::string& queue, time_point now);

}  // namespace cofila::store
