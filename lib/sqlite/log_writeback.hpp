#pragma once
#include <cstdint>
#include <optional>
#include <string>

namespace cofila::sqlite {

/// Which part of a growing log is to be written next: so much at once that the disk is used well, so little that the
/// last part is quickly flushed.
class writeback_plan {
public:
    static constexpr std::int64_t step = 1 << 20;

    struct part {
        std::int64_t from = 0;
        std::int64_t bytes = 0;

        friend bool operator==(const part&, const part&) = default;
    };
    /// The log ends here now; where that is before the last end, it has begun anew.
    std::optional<part> grown_to(std::int64_t end);

private:
    std::int64_t begun_ = 0;
};

/// Has the kernel begin to write the log to the disk while it grows: the flush before it is copied into the file,
/// during which nobody commits, then finds little left to do. For `durability::normal`; with `full` every commit
/// flushes. A hint: what fails here is not noticed.
class log_writeback {
public:
    log_writeback(const std::string& database, std::int64_t page_size);
    log_writeback(const log_writeback&) = delete;
    log_writeback& operator=(const log_writeback&) = delete;
    ~log_writeback();

    /// After a commit: so many frames are in the log now.
    void grown_to(int frames);

private:
    // Closing it takes no locks away, as it would with the database itself: SQLite has none on the log.
    const int log_;
    const std::int64_t frame_;
    writeback_plan plan_{};
};

}  // namespace cofila::sqlite
