// To complete a job SQLite needs room: for the log, and for the file when the log is copied. So a file beside the
// database holds that room back. `keep` makes it by allocating its blocks, only if as much again stays free, and leaves
// nothing behind if that fails half-way. `release` truncates it on the day the disk is full and leaves it empty on
// purpose: the empty file is the sign, for every process on this database and after a restart, that the last room is in
// use, so that adds are refused while completions go on. `allows_adds` tries to make it again first, then counts free
// pages of the file as room. Several processes may do all of this at once: creation is exclusive, and every decision is
// read from the file's size. Links are never followed, and nothing is touched once the database's name belongs to
// another file.
#include "sqlite/reserve.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

namespace cofila::sqlite {

using domain::reserve_state;

namespace {

std::uint64_t free_beside(const std::string& path)
{
    const auto slash = path.rfind('/');
    const auto folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
    struct statvfs disk{};
    return ::statvfs(folder.c_str(), &disk) == 0 ? std::uint64_t{disk.f_bavail} * disk.f_frsize : 0;
}

reserve_state state_of(const std::string& path, std::uint64_t bytes)
{
    struct stat found{};
    if (::lstat(path.c_str(), &found) != 0 || !S_ISREG(found.st_mode))
        return reserve_state::none;
    return static_cast<std::uint64_t>(found.st_size) >= bytes ? reserve_state::kept : reserve_state::let_go;
}

}  // namespace

reserve::reserve(const std::string& path, std::uint64_t bytes, const std::optional<store_file>& database)
    : path_{path + "-reserve"},
      bytes_{bytes},
      database_{database}
{}

domain::room reserve::look() const
{
    return {.reserve = state_of(path_, bytes_), .on_disk = free_beside(path_), .reserve_size = bytes_};
}

bool reserve::keep()
{
    if (bytes_ == 0)
        return false;
    const auto now = look();
    if (now.reserve == reserve_state::kept)
        return true;
    if (!may_make_reserve(now) || !is_ours())
        return false;
    const bool anew = now.reserve == reserve_state::none;
    const int made =
        ::open(path_.c_str(), (anew ? O_CREAT | O_EXCL : 0) | O_NOFOLLOW | O_WRONLY | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (made < 0)
        return state_of(path_, bytes_) == reserve_state::kept;  // another process was faster, or it cannot be made
    const bool all = ::posix_fallocate(made, 0, static_cast<off_t>(bytes_)) == 0;
    const bool emptied = all || ::ftruncate(made, 0) == 0;
    ::close(made);
    if (!emptied || (!all && anew))
        ::unlink(path_.c_str());
    return all;
}

bool reserve::release()
{
    if (bytes_ == 0 || state_of(path_, bytes_) != reserve_state::kept || !is_ours())
        return false;
    const int kept = ::open(path_.c_str(), O_WRONLY | O_TRUNC | O_NOFOLLOW | O_CLOEXEC);
    return kept >= 0 && ::close(kept) == 0;
}

bool reserve::allows_adds(const std::function<std::uint64_t()>& free_in_file)
{
    if (bytes_ == 0 || state_of(path_, bytes_) != reserve_state::let_go || keep())
        return true;
    auto now = look();
    now.in_file = free_in_file();
    return domain::may_add(now);
}

void reserve::remove() noexcept
{
    if (bytes_ != 0 && state_of(path_, bytes_) == reserve_state::kept)
        ::unlink(path_.c_str());
}

}  // namespace cofila::sqlite
