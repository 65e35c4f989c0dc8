#include "sqlite/store_file.hpp"

#include <sys/stat.h>

#include <utility>

namespace cofila::sqlite {

store_file::store_file(std::string path)
    : path_{std::move(path)},
      file_{identity_of(path_)},
      log_{identity_of(path_ + "-wal")}
{}

storage_status store_file::look() const
{
    storage_status out;
    out.replaced = is_replaced();
    struct stat found{};
    if (::stat(path_.c_str(), &found) == 0)
        out.bytes = static_cast<std::uint64_t>(found.st_size);
    if (::stat((path_ + "-wal").c_str(), &found) == 0)
        out.log_bytes = static_cast<std::uint64_t>(found.st_size);
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
