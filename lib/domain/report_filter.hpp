#pragma once
#include <cofila/time.hpp>

#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace cofila::domain {

/// Keeps a failure that repeats from being reported each time.
class report_filter {
public:
    /// A failure that has not happened for this long is reported anew.
    static constexpr milliseconds forgotten_after = std::chrono::minutes{1};
    /// How many different texts are remembered.
    static constexpr std::size_t most = 1000;

    /// Returns true unless it was called with `text` within the minute before, whatever it returned then.
    bool is_news(std::string_view text, steady_time now);

private:
    std::map<std::string, steady_time, std::less<>> asked_{};
};

}  // namespace cofila::domain
