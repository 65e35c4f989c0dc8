#include "sqlite/reserve.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

namespace cofila::sqlite {

namespace {

bool has_room(const std::string& folder, std::uint64_t bytes)
{
    struct statvfs disk{};
    return ::statvfs(folder.c_str(), &disk) == 0 && disk.f_bavail >= bytes / disk.f_frsize;
}

std::string folder_of(const std::string& path)
{
    const auto slash = path.rfind('/');
    return slash == std::string::npos ? "." : path.substr(0, slash + 1);
}

}  // namespace

reserve::reserve(const std::string& database, std::uint64_t bytes) : path_{database + "-reserve"}, bytes_{bytes} {}

bool reserve::keep()
{
    if (bytes_ == 0)
        return false;
    if (is_there())
        return kept_ = true;
    if (!has_room(folder_of(path_), 2 * bytes_))
        return false;
    ::unlink(path_.c_str());  // one that was never finished
    const int made = ::open(path_.c_str(), O_CREAT | O_EXCL | O_NOFOLLOW | O_WRONLY | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (made < 0)
        return is_there();  // another process was faster, or nothing can be made there
    const bool all = ::posix_fallocate(made, 0, static_cast<off_t>(bytes_)) == 0;
    ::close(made);
    if (!all)
        ::unlink(path_.c_str());
    kept_ = kept_ || all;
    return all;
}

bool reserve::release()
{
    kept_ = kept_ || is_there();
    return bytes_ != 0 && ::unlink(path_.c_str()) == 0;
}

bool reserve::allows_adds()
{
    if (bytes_ == 0 || is_there())
        return true;
    return !kept_ || keep();
}

void reserve::remove() noexcept
{
    if (bytes_ != 0)
        ::unlink(path_.c_str());
}

bool reserve::is_there() const
{
    struct stat found{};
    return ::stat(path_.c_str(), &found) == 0 && static_cast<std::uint64_t>(found.st_size) >= bytes_;
}

}  // namespace cofila::sqlite
