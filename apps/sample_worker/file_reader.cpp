#include "file_reader.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <stdexcept>
#include <system_error>

namespace sample {

namespace {

constexpr std::uint64_t largest_piece = 1 << 20;

[[noreturn]] void fail(const char* what) { throw std::system_error{errno, std::generic_category(), what}; }

void require(const struct ::stat& now, const file_stamp& expected)
{
    if (!S_ISREG(now.st_mode) || stamp_of(now) != expected)
        throw std::runtime_error("it has changed since it was found");
}

}  // namespace

// A small file needs no large buffer: clearing and mapping one would take longer than the hash.
file_reader::file_reader(const std::string& path, file_stamp expected)
    : expected_{expected},
      piece_{static_cast<std::size_t>(std::min(expected.size + 1, largest_piece))},
      buffer_{std::make_unique_for_overwrite<char[]>(piece_)}
{
    // Examined before it is opened: another file may have taken its name, and opening alone can do harm (a named pipe
    // blocks; closing any descriptor of the queue's own database drops SQLite's locks).
    struct ::stat now{};
    if (::lstat(path.c_str(), &now) != 0)
        fail("cannot find it");
    require(now, expected_);
    descriptor_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    if (descriptor_ < 0)
        fail("cannot open it");
}

file_reader::~file_reader() { ::close(descriptor_); }

std::string_view file_reader::next()
{
    auto count = ::read(descriptor_, buffer_.get(), piece_);
    while (count < 0 && errno == EINTR)
        count = ::read(descriptor_, buffer_.get(), piece_);
    if (count < 0)
        fail("cannot read it");
    return {buffer_.get(), static_cast<std::size_t>(count)};
}

void file_reader::require_unchanged() const
{
    struct ::stat now{};
    if (::fstat(descriptor_, &now) != 0)
        fail("cannot look at it");
    require(now, expected_);
}

}  // namespace sample
