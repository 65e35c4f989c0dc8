#pragma once
#include <cstdint>
#include <string>

namespace cofila::sqlite {

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
    std::int64_t begun_ = 0;  // bytes
};

}  // namespace cofila::sqlite
