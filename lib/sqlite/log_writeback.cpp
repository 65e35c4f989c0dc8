#include "sqlite/log_writeback.hpp"

#include <fcntl.h>
#include <unistd.h>

namespace cofila::sqlite {

namespace {

// The format of SQLite's log.
constexpr std::int64_t log_header = 32;
constexpr std::int64_t frame_header = 24;

/// So much that the disk is used well, so little that the last part is quickly flushed.
constexpr std::int64_t step = 1 << 20;

}  // namespace

log_writeback::log_writeback(const std::string& database, std::int64_t page_size)
    : log_{::open((database + "-wal").c_str(), O_RDWR | O_NOFOLLOW | O_CLOEXEC)},
      frame_{frame_header + page_size}
{}

log_writeback::~log_writeback()
{
    if (log_ >= 0)
        ::close(log_);
}

void log_writeback::grown_to(int frames)
{
    const auto end = log_header + frames * frame_;
    if (end < begun_)
        begun_ = 0;  // the log has begun anew
    if (end - begun_ < step)
        return;
    if (log_ >= 0)
        ::sync_file_range(log_, begun_, end - begun_, SYNC_FILE_RANGE_WRITE);
    begun_ = end;
}

}  // namespace cofila::sqlite
