#include "sqlite/store_file.hpp"

#include <sys/stat.h>

#include <utility>

namespace cofila::sqlite {

store_file::store_file(std::string path) : path_{std::move(path)}
{
    struct stat now{};
    if (::stat(path_.c_str(), &now) == 0) {
        device_ = now.st_dev;
        inode_ = now.st_ino;
    }
}

storage_status store_file::look() const
{
    storage_status out;
    struct stat now{};
    const bool there = ::stat(path_.c_str(), &now) == 0;
    out.replaced = !there || now.st_dev != device_ || now.st_ino != inode_;
    out.bytes = there ? static_cast<std::uint64_t>(now.st_size) : 0;
    if (::stat((path_ + "-wal").c_str(), &now) == 0)
        out.log_bytes = static_cast<std::uint64_t>(now.st_size);
    return out;
}

}  // namespace cofila::sqlite
