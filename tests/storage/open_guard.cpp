#include "storage/open_guard.hpp"

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdarg>
#include <cstdio>
#include <map>
#include <mutex>
#include <string_view>

namespace {

struct notes {
    std::mutex mutex{};
    bool watching = false;
    int by_sqlite = 0;
    int made = 0;
    std::vector<std::string> by_others{};
    std::map<int, std::string> of_sqlite{};  // the descriptors
};

/// Never destroyed: files are closed until the very end.
notes& all()
{
    static auto& only = *new notes;
    return only;
}

bool is_sqlite(const void* caller)
{
    Dl_info found{};
    return ::dladdr(caller, &found) != 0 && std::string_view{found.dli_fname}.find("libsqlite3") != std::string::npos;
}

bool is_database(std::string_view path) { return path.ends_with(".db"); }

/// SQLite has no locks on it: others may open it, as what hands its pages to the disk does.
bool is_log(std::string_view path) { return path.ends_with("-wal"); }

bool is_guarded(std::string_view path)
{
    for (const std::string_view beside : {"-wal", "-shm", "-journal"})
        if (path.ends_with(beside))
            path.remove_suffix(beside.size());
    return is_database(path);
}

/// Only what has led to a descriptor matters: closing that is what drops the locks.
void opened(const char* call, const char* path, int flags, int file, const void* caller)
{
    if (file < 0 || !path || !is_guarded(path))
        return;
    auto& to = all();
    const std::lock_guard lock{to.mutex};
    if (is_sqlite(caller)) {
        ++to.by_sqlite;
        to.of_sqlite[file] = path;
    } else if ((flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL) && is_database(path)) {
        ++to.made;
    } else if (to.watching && !is_log(path)) {
        to.by_others.push_back(std::string{call} + ' ' + path);
    }
}

void closing(int file, const void* caller)
{
    auto& to = all();
    const std::lock_guard lock{to.mutex};
    const auto found = to.of_sqlite.find(file);
    if (found == to.of_sqlite.end())
        return;
    if (!is_sqlite(caller) && to.watching)
        to.by_others.push_back("close " + found->second);
    to.of_sqlite.erase(found);
}

int really_open(int folder, const char* path, int flags, mode_t mode)
{
    return static_cast<int>(::syscall(SYS_openat, folder, path, flags, mode));
}

std::FILE* really_fopen(const char* path, const char* mode)
{
    using function = std::FILE*(const char*, const char*);
    static auto* const next = reinterpret_cast<function*>(::dlsym(RTLD_NEXT, "fopen64"));
    return next(path, mode);
}

mode_t mode_of(int flags, std::va_list rest)
{
    return (flags & (O_CREAT | O_TMPFILE)) != 0 ? static_cast<mode_t>(va_arg(rest, unsigned)) : 0;
}

}  // namespace

// By the names that the linker sees, since the headers give some of them another one.
#define INSTEAD_OF(name) __asm__(name) __attribute__((visibility("default")))
extern "C" {
int guarded_open(const char* path, int flags, ...) INSTEAD_OF("open");
int guarded_open64(const char* path, int flags, ...) INSTEAD_OF("open64");
int guarded_openat(int folder, const char* path, int flags, ...) INSTEAD_OF("openat");
int guarded_openat64(int folder, const char* path, int flags, ...) INSTEAD_OF("openat64");
std::FILE* guarded_fopen(const char* path, const char* mode) INSTEAD_OF("fopen");
std::FILE* guarded_fopen64(const char* path, const char* mode) INSTEAD_OF("fopen64");
int guarded_close(int file) INSTEAD_OF("close");
}

#define OPEN_AND_NOTE(call, folder)                                                                                    \
    std::va_list rest;                                                                                                 \
    va_start(rest, flags);                                                                                             \
    const int file = really_open(folder, path, flags, mode_of(flags, rest));                                           \
    va_end(rest);                                                                                                      \
    opened(call, path, flags, file, __builtin_return_address(0));                                                      \
    return file

int guarded_open(const char* path, int flags, ...) { OPEN_AND_NOTE("open", AT_FDCWD); }
int guarded_open64(const char* path, int flags, ...) { OPEN_AND_NOTE("open64", AT_FDCWD); }
int guarded_openat(int folder, const char* path, int flags, ...) { OPEN_AND_NOTE("openat", folder); }
int guarded_openat64(int folder, const char* path, int flags, ...) { OPEN_AND_NOTE("openat64", folder); }

std::FILE* guarded_fopen(const char* path, const char* mode)
{
    auto* const file = really_fopen(path, mode);
    opened("fopen", path, 0, file ? ::fileno(file) : -1, __builtin_return_address(0));
    return file;
}

std::FILE* guarded_fopen64(const char* path, const char* mode)
{
    auto* const file = really_fopen(path, mode);
    opened("fopen64", path, 0, file ? ::fileno(file) : -1, __builtin_return_address(0));
    return file;
}

int guarded_close(int file)
{
    closing(file, __builtin_return_address(0));
    return static_cast<int>(::syscall(SYS_close, file));
}

namespace cofila::test {

open_guard::open_guard()
{
    auto& to = all();
    const std::lock_guard lock{to.mutex};
    to.watching = true;
    to.by_sqlite = to.made = 0;
    to.by_others.clear();
}

open_guard::~open_guard()
{
    auto& to = all();
    const std::lock_guard lock{to.mutex};
    to.watching = false;
}

int open_guard::by_sqlite() const
{
    const std::lock_guard lock{all().mutex};
    return all().by_sqlite;
}

int open_guard::made() const
{
    const std::lock_guard lock{all().mutex};
    return all().made;
}

std::vector<std::string> open_guard::by_others() const
{
    const std::lock_guard lock{all().mutex};
    return all().by_others;
}

}  // namespace cofila::test
