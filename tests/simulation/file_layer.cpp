#include "file_layer.hpp"

#include <algorithm>
#include <cstring>
#include <string_view>
#include <utility>

#include "file_locks.hpp"

namespace cofila::sim {

namespace {

memory_files* disk = nullptr;

int shm_unlock(open_file& self, unsigned mask)
{
    auto& file = *self.of;
    for (unsigned i = 0; i < SQLITE_SHM_NLOCK; ++i) {
        if ((self.shared_locks & mask & (1U << i)) != 0)
            --file.readers[i];
        if ((self.exclusive_locks & mask & (1U << i)) != 0)
            file.writers[i] = nullptr;
    }
    self.shared_locks &= ~mask;
    self.exclusive_locks &= ~mask;
    return SQLITE_OK;
}

int shm_lock(sqlite3_file* handle, int first, int count, int flags)
{
    auto& self = opened(handle);
    auto& file = *self.of;
    const unsigned mask = ((1U << count) - 1U) << first;
    if ((flags & SQLITE_SHM_UNLOCK) != 0)
        return shm_unlock(self, mask);
    const bool exclusive = (flags & SQLITE_SHM_EXCLUSIVE) != 0;
    constexpr int to_write = 0;
    if (exclusive && first == to_write && disk->around.locked_out())
        return SQLITE_BUSY;
    for (unsigned i = 0; i < SQLITE_SHM_NLOCK; ++i) {
        if ((mask & (1U << i)) == 0)
            continue;
        const int mine = (self.shared_locks & (1U << i)) != 0 ? 1 : 0;
        if (file.writers[i] && file.writers[i] != &self)
            return SQLITE_BUSY;
        if (exclusive && file.readers[i] > mine)
            return SQLITE_BUSY;
    }
    for (unsigned i = 0; i < SQLITE_SHM_NLOCK; ++i) {
        if ((mask & (1U << i)) == 0)
            continue;
        if (exclusive)
            file.writers[i] = &self;
        else
            file.readers[i] += (self.shared_locks & (1U << i)) != 0 ? 0 : 1;
    }
    (exclusive ? self.exclusive_locks : self.shared_locks) |= mask;
    return SQLITE_OK;
}

int shm_map(sqlite3_file* handle, int region, int size, int extend, void volatile** out)
{
    auto& self = opened(handle);
    auto& regions = self.of->regions;
    if (!std::exchange(self.mapped, true)) {
        ++self.of->mapped;
        disk->join();
    }
    while (extend != 0 && std::cmp_less_equal(regions.size(), region))
        regions.push_back(std::make_unique<char[]>(static_cast<std::size_t>(size)));
    *out = std::cmp_less(region, regions.size()) ? regions[static_cast<std::size_t>(region)].get() : nullptr;
    return SQLITE_OK;
}

/// The last one to leave takes it along: whoever comes next reads the log anew.
int shm_unmap(sqlite3_file* handle, int)
{
    auto& self = opened(handle);
    shm_unlock(self, ~0U);
    if (!std::exchange(self.mapped, false))
        return SQLITE_OK;
    if (--self.of->mapped == 0)
        self.of->regions.clear();
    disk->leave();
    return SQLITE_OK;
}

int close(sqlite3_file* handle)
{
    unlock(handle, SQLITE_LOCK_NONE);
    return SQLITE_OK;
}

int read(sqlite3_file* handle, void* to, int amount, sqlite3_int64 offset)
{
    if (const int failed = disk->check(call::read))
        return failed;
    const auto& bytes = opened(handle).of->bytes;
    const auto start = std::min(static_cast<std::size_t>(offset), bytes.size());
    const auto got = std::min(static_cast<std::size_t>(amount), bytes.size() - start);
    std::memcpy(to, bytes.data() + start, got);
    if (std::cmp_equal(got, amount))
        return SQLITE_OK;
    std::memset(static_cast<char*>(to) + got, 0, static_cast<std::size_t>(amount) - got);
    return SQLITE_IOERR_SHORT_READ;
}

int write(sqlite3_file* handle, const void* from, int amount, sqlite3_int64 offset)
{
    if (const int failed = disk->check(call::write))
        return failed;
    auto& file = *opened(handle).of;
    const auto end = static_cast<std::size_t>(offset + amount);
    if (file.bytes.size() < end)
        file.bytes.resize(end);
    std::memcpy(file.bytes.data() + offset, from, static_cast<std::size_t>(amount));
    if (file.is_log)
        disk->around.log_written();
    else if (file.mapped > 0)
        disk->around.log_copied();
    return SQLITE_OK;
}

int truncate(sqlite3_file* handle, sqlite3_int64 size)
{
    opened(handle).of->bytes.resize(static_cast<std::size_t>(size));
    return SQLITE_OK;
}

int size(sqlite3_file* handle, sqlite3_int64* out)
{
    *out = static_cast<sqlite3_int64>(opened(handle).of->bytes.size());
    return SQLITE_OK;
}

int sync(sqlite3_file*, int) { return disk->check(call::sync); }

int check_reserved(sqlite3_file* handle, int* out)
{
    *out = opened(handle).of->reserved ? 1 : 0;
    return SQLITE_OK;
}

int control(sqlite3_file*, int what, void*)
{
    if (what == SQLITE_FCNTL_COMMIT_PHASETWO)
        if (const int failed = disk->check(call::committed))
            return failed;
    return SQLITE_NOTFOUND;
}

int sector_size(sqlite3_file*) { return 4096; }
int characteristics(sqlite3_file*) { return SQLITE_IOCAP_POWERSAFE_OVERWRITE; }
void barrier(sqlite3_file*) {}

const sqlite3_io_methods methods{
    .iVersion = 2,
    .xClose = close,
    .xRead = read,
    .xWrite = write,
    .xTruncate = truncate,
    .xSync = sync,
    .xFileSize = size,
    .xLock = lock,
    .xUnlock = unlock,
    .xCheckReservedLock = check_reserved,
    .xFileControl = control,
    .xSectorSize = sector_size,
    .xDeviceCharacteristics = characteristics,
    .xShmMap = shm_map,
    .xShmLock = shm_lock,
    .xShmBarrier = barrier,
    .xShmUnmap = shm_unmap,
    .xFetch = nullptr,
    .xUnfetch = nullptr,
};

int open(sqlite3_vfs*, const char* name, sqlite3_file* handle, int flags, int* out_flags)
{
    auto& self = opened(handle);
    self = {};
    self.of = disk->open(name ? name : "a file without a name", (flags & SQLITE_OPEN_CREATE) != 0);
    if (!self.of)
        return SQLITE_CANTOPEN;
    self.of->is_log = (flags & SQLITE_OPEN_WAL) != 0;
    self.base.pMethods = &methods;
    if (out_flags)
        *out_flags = flags;
    return SQLITE_OK;
}

int remove(sqlite3_vfs*, const char* name, int)
{
    disk->remove(name);
    return SQLITE_OK;
}

int access(sqlite3_vfs*, const char* name, int, int* out)
{
    *out = disk->exists(name) ? 1 : 0;
    return SQLITE_OK;
}

int full_path(sqlite3_vfs*, const char* name, int room, char* out)
{
    sqlite3_snprintf(room, out, "%s", name);
    return SQLITE_OK;
}

int randomness(sqlite3_vfs*, int amount, char* out)
{
    std::memset(out, 1, static_cast<std::size_t>(amount));
    return amount;
}

int sleep(sqlite3_vfs*, int microseconds)
{
    disk->around.sleep(microseconds);
    return microseconds;
}

int today(sqlite3_vfs*, sqlite3_int64* out)
{
    *out = 212'000'000'000'000;
    return SQLITE_OK;
}

int no_error(sqlite3_vfs*, int, char*) { return 0; }

sqlite3_vfs files{
    .iVersion = 2,
    .szOsFile = sizeof(open_file),
    .mxPathname = 512,
    .pNext = nullptr,
    .zName = "cofila-simulation",
    .pAppData = nullptr,
    .xOpen = open,
    .xDelete = remove,
    .xAccess = access,
    .xFullPathname = full_path,
    .xDlOpen = nullptr,
    .xDlError = nullptr,
    .xDlSym = nullptr,
    .xDlClose = nullptr,
    .xRandomness = randomness,
    .xSleep = sleep,
    .xCurrentTime = nullptr,
    .xGetLastError = no_error,
    .xCurrentTimeInt64 = today,
    .xSetSystemCall = nullptr,
    .xGetSystemCall = nullptr,
    .xNextSystemCall = nullptr,
};

}  // namespace

sqlite3_vfs* file_layer(memory_files* of)
{
    disk = of;
    return &files;
}

}  // namespace cofila::sim
