// To complete a job SQLite needs room: for the log, and for the file when the log is copied. So a file beside the
// database holds that room back. `keep` makes it by allocating its blocks, only if as much again stays free. `release`
// truncates it on the day the disk is full and leaves it empty on purpose: the empty file is the sign, for every
// process on this database and after a restart, that the last room is in use, so that adds are refused while
// completions go on. `allows_adds` tries to make it again first, then counts free pages of the file as room. Several
// processes may do all of this at once, and each may die at any point: the file is made as a draft, under another name
// and a lock that ends with its process, and is renamed when it is whole. So it is whole or empty, and every decision
// is read from its size. What a killed process has left of a draft is taken over by the next one, or removed. Links are
// never followed, and nothing is touched once the database's name belongs to another file.
#include "sqlite/reserve.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cstdio>

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

/// A link or a folder of this name is left alone.
bool may_replace(const std::string& path)
{
    struct stat found{};
    return ::lstat(path.c_str(), &found) != 0 || S_ISREG(found.st_mode);
}

/// The file while it is made. Removed at the end, unless it was moved into place.
class draft {
public:
    explicit draft(const char* path) noexcept
        : path_{path},
          file_{::open(path, O_CREAT | O_NOFOLLOW | O_WRONLY | O_CLOEXEC, S_IRUSR | S_IWUSR)},
          is_ours_{file_ >= 0 && ::flock(file_, LOCK_EX | LOCK_NB) == 0 && has_its_name()}
    {}
    draft(const draft&) = delete;
    draft& operator=(const draft&) = delete;
    ~draft()
    {
        if (is_ours_)
            ::unlink(path_);
        if (file_ >= 0)
            ::close(file_);
    }

    bool become(const char* name, std::uint64_t bytes) noexcept
    {
        if (!is_ours_ || ::ftruncate(file_, 0) != 0 || ::posix_fallocate(file_, 0, static_cast<off_t>(bytes)) != 0 ||
            std::rename(path_, name) != 0)
            return false;
        is_ours_ = false;
        return true;
    }

private:
    /// Another process may have moved or removed it before it was locked.
    bool has_its_name() const noexcept
    {
        struct stat opened{};
        struct stat named{};
        return ::fstat(file_, &opened) == 0 && ::lstat(path_, &named) == 0 && opened.st_dev == named.st_dev &&
               opened.st_ino == named.st_ino;
    }

    const char* const path_;
    const int file_;
    bool is_ours_;
};

}  // namespace

reserve::reserve(const std::string& path, std::uint64_t bytes, const std::optional<store_file>& database)
    : path_{path + "-reserve"},
      draft_{path_ + "-new"},
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
    if (!may_make_reserve(now) || !is_ours() || !may_replace(path_))
        return false;
    // Another process may be faster.
    return draft{draft_.c_str()}.become(path_.c_str(), bytes_) || state_of(path_, bytes_) == reserve_state::kept;
}

bool reserve::release()
{
    if (bytes_ == 0 || !is_ours())
        return false;
    drop_draft();
    if (state_of(path_, bytes_) != reserve_state::kept)
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
    if (bytes_ == 0)
        return;
    drop_draft();
    if (state_of(path_, bytes_) == reserve_state::kept)
        ::unlink(path_.c_str());
}

/// Removes what a process that was killed has left of one.
void reserve::drop_draft() noexcept
{
    if (struct stat found{}; ::lstat(draft_.c_str(), &found) == 0 && S_ISREG(found.st_mode))
        draft{draft_.c_str()};
}

}  // namespace cofila::sqlite
