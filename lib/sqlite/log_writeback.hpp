#pragma once
#include <cstdint>
#include <optional>
#include <string>

namespace cofila::sqlite {

/// Decides which part of a growing log to write next: enough at once to use the disk well, little enough that the last
/// part is flushed quickly.
class writeback_plan {
public:
    static constexpr std::int64_t step = 1 << 20;

    struct part {
        std::int64_t from = 0;
        std::int64_t bytes = 0;

        friend bool operator==(const part&, const part&) = default;
    };
    /// The log ends at `end` now; if that is before the last end, it has begun anew.
    std::optional<part> grown_to(std::int64_t end);
    /// Whether that would return a part.
    bool is_due(std::int64_t end) const { return end >= begun_ && end - begun_ >= step; }

private:
    std::int64_t begun_ = 0;
};

/// Has the kernel write the log to the disk while it grows: the flush before the log is copied, during which no
/// connection can commit, then has little left to do. For `durability::normal`; with `full` every commit flushes. Only
/// a hint: failures are ignored.
class log_writeback {
public:
    log_writeback(const std::string& database, std::int64_t page_size);
    log_writeback(const log_writeback&) = delete;
    log_writeback& operator=(const log_writeback&) = delete;
    ~log_writeback();

    /// Called after a commit with the number of frames in the log.
    void grown_to(int frames);
    /// Whether that would write.
    bool has_much_to_write(int frames) const { return plan_.is_due(end_of(frames)); }

private:
    std::int64_t end_of(int frames) const;

    // Closing it drops no locks, as closing the database itself would: SQLite has none on the log.
    const int log_;
    const std::int64_t frame_;
    writeback_plan plan_{};
};

}  // namespace cofila::sqlite
