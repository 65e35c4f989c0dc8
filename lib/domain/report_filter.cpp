#include "domain/report_filter.hpp"

namespace cofila::domain {

bool report_filter::is_news(std::string_view text, steady_time now)
{
    std::erase_if(asked_, [&](const auto& entry) { return now - entry.second > forgotten_after; });
    if (const auto known = asked_.find(text); known != asked_.end()) {
        known->second = now;
        return false;
    }
    if (asked_.size() >= most)
        asked_.clear();
    asked_.emplace(text, now);
    return true;
}

}  // namespace cofila::domain
