#pragma once
#include <cofila/repository/job_repository.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "store/tables.hpp"

/// What every claim does.
namespace cofila::store {

struct taken {
    std::vector<job_snapshot> claimed{};
    std::size_t ended = 0;             ///< Jobs that were unfit: damaged, or expired.
    bool limited = false;              ///< The end of another job may make room.
    bool stopped = false;              ///< There are more unfit jobs than one claim ends.
    std::optional<time_point> next{};  ///< Set if it came back short: when a claim may find more.
};

/// A claim under way.
struct claim_step {
    tables& db;
    std::int64_t queue = 0;
    const claim_order& order;
    time_point now{};
    taken& out;
    news_list& news;

    /// Fails the job if it is unfit. Returns false if it may run.
    bool end_if_unfit(const job_record& job) const;
    /// Gives a job the order's next lock. The caller then locks it in the tables.
    void take(std::shared_ptr<job_record> job) const;
};

/// What a rate leaves room for at that time: of the claims of one group, or of all if `group` is null.
domain::claim_room room_within(
    tables& db, std::int64_t queue, const std::string* group, const rate_limit& rate, time_point at, int wanted = 1
);

}  // namespace cofila::store
