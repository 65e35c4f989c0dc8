#include "sqlite/log_writeback.hpp"

#include <fcntl.h>
#include <unistd.h>

namespace cofila::sqlite {

namespace {

// The format of SQLite's log.
constexpr std::int64_t log_header = 32;
constexpr std::int64_t frame_header = 24;

}  // namespace

std::optional<writeback_plan::part> writeback_plan::grown_to(std::int64_t end)
{
    if (end < begun_)
        begun_ = 0;
    if (end - begun_ < step)
        return {};
    const part next{.from = begun_, .bytes = end - begun_};
    begun_ = end;
    return next;
}

log_writeback::log_writeback(const std::string& database, std::int64_t page_size)
    : log_{::open((database + "-wal").c_str(), O_RDWR | O_NOFOLLOW | O_CLOEXEC)},
      frame_{frame_header + page_size}
{}

log_writeback::~log_writeback()
{
    if (log_ >= 0)
        ::close(log_);
}

std::int64_t log_writeback::end_of(int frames) const { return log_header + frames * frame_; }

void log_writeback::grown_to(int frames)
{
    [[maybe_unused]] const auto part = plan_.grown_to(end_of(frames));
#ifdef SYNC_FILE_RANGE_WRITE
    if (part && log_ >= 0)
        ::sync_file_range(log_, part->from, part->bytes, SYNC_FILE_RANGE_WRITE);
#endif
}

}  // namespace cofila::sqlite
