#pragma once
#include <cofila/clock.hpp>
#include <cofila/logger.hpp>

#include <memory>
#include <string_view>
#include <utility>

#include "domain/report_filter.hpp"
#include "domain/text.hpp"

namespace cofila {

/// Writes the log lines of one engine about failures that no caller waits for. A failure that repeats, in whichever of
/// its tasks, is one line until it has not happened for a minute; `error` events are emitted each time.
class reporter {
public:
    reporter(logger log, std::shared_ptr<clock> time) : log_{std::move(log)}, time_{std::move(time)} {}

    void log(log_level level, std::string_view text)
    {
        if (logged_.is_news(text, time_->steady_now()))
            log_(level, domain::printable_text(text));
    }

private:
    logger log_;
    std::shared_ptr<clock> time_;
    domain::report_filter logged_{};
};

}  // namespace cofila
