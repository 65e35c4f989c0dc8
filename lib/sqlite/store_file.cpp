#include "sqlite/store_file.hpp"

#include <cofila/error.hpp>

#include <sys/stat.h>

#include <utility>

namespace cofila::sqlite {

namespace {

constexpr std::int64_t mebibyte = 1024 * 1024;
/// A log longer than this is reported: a reader keeps it from being copied.
constexpr std::int64_t longest_usual_log = 64 * mebibyte;

}  // namespace

store_file::store_file(std::string path)
    : path_{std::move(path)},
      file_{identity_of(path_)},
      log_{identity_of(path_ + "-wal")}
{}

storage_status store_file::look() const
{
    storage_status out{.lost = is_replaced()};
    if (out.lost)
        out.warnings.emplace_back(
            errc::storage_corrupt,
            "the database file was moved, removed or replaced while it is open: what is written from now on is "
            "lost; close the engine and open it again"
        );
    struct stat log{};
    if (::stat((path_ + "-wal").c_str(), &log) == 0 && log.st_size > longest_usual_log)
        out.warnings.emplace_back(
            errc::storage_busy,
            "the database's write-ahead log has grown to " + std::to_string(log.st_size / mebibyte) +
                " MiB and cannot be shortened while somebody reads in one long transaction; end it"
        );
    return out;
}

bool store_file::is_replaced() const
{
    const auto now = identity_of(path_);
    return !now || now != file_;
}

bool store_file::has_log() const { return identity_of(path_ + "-wal").has_value(); }

bool store_file::has_its_log() const
{
    const auto now = identity_of(path_ + "-wal");
    return !now || !log_ || now == log_;
}

std::optional<store_file::identity> store_file::identity_of(const std::string& path)
{
    struct stat found{};
    if (::stat(path.c_str(), &found) != 0)
        return {};
    return identity{.device = found.st_dev, .inode = found.st_ino};
}

}  // namespace cofila::sqlite
