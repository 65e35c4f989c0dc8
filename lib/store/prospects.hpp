#pragma once
#include <cofila/repository/job_repository.hpp>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "store/claiming.hpp"

namespace cofila::store {

/// What is news of the queues that were looked at: jobs that can be claimed, and due times that no idle worker can
/// know, as each has to ask the store for them.
class prospects {
public:
    using sights = std::map<std::string, prospect>;

    std::vector<change_news::claimable_jobs> news_of(const sights& seen, time_point now)
    {
        constexpr std::size_t everybody = 1'000'000;  // more jobs than any process has room for
        std::vector<change_news::claimable_jobs> out;
        for (const auto& [queue, found] : seen)
            if (const auto jobs = is_news(queue, found.next, now) ? everybody : found.jobs; jobs > 0)
                out.push_back({.queue = queue, .jobs = jobs});
        return out;
    }

private:
    bool is_news(const std::string& queue, const std::optional<time_point>& date, time_point now)
    {
        auto& told = dates_[queue];
        if (!date || *date <= now || (told && now < *told && *told <= *date))
            return false;
        told = date;
        return true;
    }

    std::map<std::string, std::optional<time_point>> dates_{};  // that were reported, by queue
};

}  // namespace cofila::store
