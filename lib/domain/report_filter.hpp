#pragma once
#include <cofila/time.hpp>

#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace cofila::domain {

/// Keeps from being told again and again what fails again and again.
class report_filter {
public:
    /// What has not failed for so long is told anew.
    static constexpr milliseconds forgotten_after = std::chrono::minutes{1};
    /// So many different ones are remembered.
    static constexpr std::size_t most = 1000;

    /// True: this was not asked about `text` within the minute before, whatever it returned then.
    bool is_news(std::string_view text, steady_time now);

private:
    std::map<std::string, steady_time, std::less<>> asked_{};
};

}  // namespace cofila::domain
