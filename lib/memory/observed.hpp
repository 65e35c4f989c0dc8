#pragma once
#include <cofila/event_log.hpp>
#include <cofila/metrics.hpp>
#include <cofila/repository/job_record.hpp>

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace cofila::memory {

/// The events and counts of one queue's jobs that are kept for watchers.
class observed {
public:
    /// Whether anything is kept, and changes must be noted.
    bool any() const { return events_ || minutes_; }
    void keep_events(std::optional<int> most);
    /// Gives the log the next number of the store's logs, unless it has one.
    void number_log(std::uint64_t& logs);
    void keep_minutes(std::optional<int> most);

    /// `before` is null for a new job, `after` for a removed one.
    void note(const job_record* before, const job_record* after);

    event_log_state state(const std::string& cursor) const;
    std::vector<logged_event> after(std::uint64_t sequence, int limit) const;
    void set_cursor(const std::string& name, std::optional<std::uint64_t> after);
    std::vector<minute_of_jobs> minutes(time_point now, const metrics_range& range) const;

private:
    std::optional<int> events_{};
    std::uint64_t last_ = 0;
    std::uint64_t log_number_ = 0;  // 0: none has begun
    std::deque<logged_event> log_{};
    std::map<std::string, std::uint64_t> cursors_{};
    std::optional<int> minutes_{};
    std::map<std::int64_t, minute_of_jobs> counts_{};  // by minute number
};

}  // namespace cofila::memory
