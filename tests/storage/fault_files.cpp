#include "storage/fault_files.hpp"

#include <cstring>
#include <new>

namespace cofila::test {

const char* name_of(fault kind)
{
    static constexpr const char* names[] = {
        "read",
        "short read",
        "write",
        "torn write",
        "no space",
        "sync",
        "truncate",
        "open",
        "lock busy",
        "shm map",
        "shm lock",
        "fstat",
        "delete",
        "access",
    };
    return names[static_cast<int>(kind)];
}

/// As SQLite allocates it: the real one is behind it.
struct fault_files::file {
    sqlite3_file head{};
    fault_files* owner = nullptr;

    sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
    const sqlite3_io_methods& methods() { return *real()->pMethods; }
    static file& of(sqlite3_file* any) { return *reinterpret_cast<file*>(any); }
};

/// What SQLite calls.
struct fault_files::calls {
    static bool fails(sqlite3_file* any, fault kind) { return file::of(any).owner->fails(kind); }
    static const sqlite3_io_methods& methods(sqlite3_file* any) { return file::of(any).methods(); }
    static sqlite3_file* real(sqlite3_file* any) { return file::of(any).real(); }
    static fault_files& self(sqlite3_vfs* vfs) { return *static_cast<fault_files*>(vfs->pAppData); }

    static int close(sqlite3_file* f) { return methods(f).xClose(real(f)); }
    static int read(sqlite3_file* f, void* to, int bytes, sqlite3_int64 at)
    {
        if (fails(f, fault::read))
            return SQLITE_IOERR_READ;
        if (fails(f, fault::short_read)) {
            std::memset(to, 0, static_cast<std::size_t>(bytes));
            return SQLITE_IOERR_SHORT_READ;
        }
        return methods(f).xRead(real(f), to, bytes, at);
    }
    static int write(sqlite3_file* f, const void* from, int bytes, sqlite3_int64 at)
    {
        if (fails(f, fault::write))
            return SQLITE_IOERR_WRITE;
        if (fails(f, fault::no_space))
            return SQLITE_FULL;
        if (fails(f, fault::torn_write)) {
            methods(f).xWrite(real(f), from, bytes / 2, at);
            return SQLITE_IOERR_WRITE;
        }
        return methods(f).xWrite(real(f), from, bytes, at);
    }
    static int truncate(sqlite3_file* f, sqlite3_int64 size)
    {
        return fails(f, fault::truncate) ? SQLITE_IOERR_TRUNCATE : methods(f).xTruncate(real(f), size);
    }
    static int sync(sqlite3_file* f, int) { return fails(f, fault::sync) ? SQLITE_IOERR_FSYNC : SQLITE_OK; }
    static int size(sqlite3_file* f, sqlite3_int64* out)
    {
        return fails(f, fault::size) ? SQLITE_IOERR_FSTAT : methods(f).xFileSize(real(f), out);
    }
    static int lock(sqlite3_file* f, int level)
    {
        return fails(f, fault::lock) ? SQLITE_BUSY : methods(f).xLock(real(f), level);
    }
    static int unlock(sqlite3_file* f, int level) { return methods(f).xUnlock(real(f), level); }
    static int check_reserved(sqlite3_file* f, int* out) { return methods(f).xCheckReservedLock(real(f), out); }
    static int control(sqlite3_file* f, int what, void* with) { return methods(f).xFileControl(real(f), what, with); }
    static int sector(sqlite3_file* f) { return methods(f).xSectorSize(real(f)); }
    static int device(sqlite3_file* f) { return methods(f).xDeviceCharacteristics(real(f)); }
    static int shm_map(sqlite3_file* f, int region, int size, int extend, void volatile** out)
    {
        return fails(f, fault::shm_map) ? SQLITE_IOERR_SHMMAP : methods(f).xShmMap(real(f), region, size, extend, out);
    }
    static int shm_lock(sqlite3_file* f, int from, int count, int flags)
    {
        const bool taking = (flags & SQLITE_SHM_LOCK) != 0;
        return taking && fails(f, fault::shm_lock) ? SQLITE_BUSY : methods(f).xShmLock(real(f), from, count, flags);
    }
    static void shm_barrier(sqlite3_file* f) { methods(f).xShmBarrier(real(f)); }
    static int shm_unmap(sqlite3_file* f, int remove) { return methods(f).xShmUnmap(real(f), remove); }

    static int open(sqlite3_vfs* vfs, const char* name, sqlite3_file* f, int flags, int* out)
    {
        static constexpr sqlite3_io_methods passing{
            2,       close,  read,   write,   truncate, sync,        size,      lock,    unlock,  check_reserved,
            control, sector, device, shm_map, shm_lock, shm_barrier, shm_unmap, nullptr, nullptr,
        };
        auto& made = *new (f) file{.owner = &self(vfs)};
        if (self(vfs).fails(fault::open))
            return SQLITE_CANTOPEN;
        auto* const base = self(vfs).base_;
        const int result = base->xOpen(base, name, made.real(), flags, out);
        made.head.pMethods = made.real()->pMethods ? &passing : nullptr;
        return result;
    }
    static int remove(sqlite3_vfs* vfs, const char* name, int sync)
    {
        auto* const base = self(vfs).base_;
        return self(vfs).fails(fault::remove) ? SQLITE_IOERR_DELETE : base->xDelete(base, name, sync);
    }
    static int access(sqlite3_vfs* vfs, const char* name, int flags, int* out)
    {
        auto* const base = self(vfs).base_;
        return self(vfs).fails(fault::access) ? SQLITE_IOERR_ACCESS : base->xAccess(base, name, flags, out);
    }
    static int sleep(sqlite3_vfs* vfs, int microseconds)
    {
        auto& waited = self(vfs).waited_;
        waited += microseconds;
        self(vfs).clock_->advance(milliseconds{waited / 1000});
        waited %= 1000;
        return microseconds;
    }
};

fault_files::fault_files(std::shared_ptr<manual_clock> clock)
    : base_{sqlite3_vfs_find(nullptr)},
      clock_{std::move(clock)},
      vfs_{[this] {
          auto own = *base_;
          own.zName = "faults";
          own.szOsFile = base_->szOsFile + static_cast<int>(sizeof(file));
          own.pAppData = this;
          own.xOpen = calls::open;
          own.xDelete = calls::remove;
          own.xAccess = calls::access;
          own.xSleep = calls::sleep;
          return own;
      }()},
      registered_{vfs_}
{}

void fault_files::expect(plan faults)
{
    planned_ = faults;
    seen_ = 0;
    hits_ = 0;
}

bool fault_files::fails(fault kind)
{
    if (!planned_ || planned_->kind != kind)
        return false;
    ++seen_;
    const bool hit = planned_->for_ever ? seen_ >= planned_->nth : seen_ == planned_->nth;
    hits_ += hit ? 1 : 0;
    return hit;
}

}  // namespace cofila::test
