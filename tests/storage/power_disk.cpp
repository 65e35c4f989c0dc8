#include "storage/power_disk.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <new>
#include <utility>

namespace cofila::test {

/// A file, with the locks and the shared memory of those who have it open.
struct power_disk::node {
    disk_file on_disk{};
    std::string content{};
    int sharing = 0;
    const handle* writing = nullptr;    // holds RESERVED or more
    const handle* exclusive = nullptr;  // holds PENDING or EXCLUSIVE
    std::vector<std::unique_ptr<std::array<char, 32768>>> shared_memory{};
    std::array<int, SQLITE_SHM_NLOCK> shm_sharing{};
    std::array<const handle*, SQLITE_SHM_NLOCK> shm_exclusive{};
    int shm_users = 0;

    void put(disk_write what)
    {
        test::put(content, what);
        on_disk.unsynced.push_back(std::move(what));
    }
};

namespace {

/// The number of a write that was not synced, or of none.
std::uint64_t any_write(const power_disk::image& of, std::mt19937& with)
{
    std::vector<std::uint64_t> numbers{0};
    for (const auto& [name, file] : of)
        for (const auto& write : file.unsynced)
            numbers.push_back(write.number);
    return numbers[with() % numbers.size()];
}

}  // namespace

struct power_disk::handle {
    sqlite3_file head{};
    power_disk* owner = nullptr;
    std::shared_ptr<node> at{};
    int level = SQLITE_LOCK_NONE;
    bool uses_shm = false;
    unsigned shm_shared = 0;  // of which locks it is one holder

    static handle& of(sqlite3_file* any) { return *reinterpret_cast<handle*>(any); }
};

struct power_disk::calls {
    static power_disk& self(sqlite3_vfs* vfs) { return *static_cast<power_disk*>(vfs->pAppData); }

    static int close(sqlite3_file* f)
    {
        unlock(f, SQLITE_LOCK_NONE);
        shm_unmap(f, 0);
        handle::of(f).~handle();
        return SQLITE_OK;
    }
    static int read(sqlite3_file* f, void* to, int bytes, sqlite3_int64 from)
    {
        const auto& content = handle::of(f).at->content;
        const auto at = std::min(static_cast<std::size_t>(from), content.size());
        const auto length = std::min(static_cast<std::size_t>(bytes), content.size() - at);
        std::memcpy(to, content.data() + at, length);
        if (length == static_cast<std::size_t>(bytes))
            return SQLITE_OK;
        std::memset(static_cast<char*>(to) + length, 0, static_cast<std::size_t>(bytes) - length);
        return SQLITE_IOERR_SHORT_READ;
    }
    static int write(sqlite3_file* f, const void* from, int bytes, sqlite3_int64 to)
    {
        auto& me = handle::of(f);
        me.at->put(
            {.at = static_cast<std::size_t>(to),
             .bytes = {static_cast<const char*>(from), static_cast<std::size_t>(bytes)},
             .number = ++me.owner->writes_}
        );
        return SQLITE_OK;
    }
    static int truncate(sqlite3_file* f, sqlite3_int64 size)
    {
        auto& me = handle::of(f);
        me.at->put({.truncates = true, .at = static_cast<std::size_t>(size), .number = ++me.owner->writes_});
        return SQLITE_OK;
    }
    static int sync(sqlite3_file* f, int)
    {
        auto& owner = *handle::of(f).owner;
        if (owner.on_sync)
            owner.on_sync();
        if (owner.lies())
            return SQLITE_OK;
        auto& at = *handle::of(f).at;
        at.on_disk = {.synced = at.content, .unsynced = {}, .name_synced = true};
        owner.removed_.clear();  // the folder's journal is one
        return SQLITE_OK;
    }
    static int size(sqlite3_file* f, sqlite3_int64* out)
    {
        *out = static_cast<sqlite3_int64>(handle::of(f).at->content.size());
        return SQLITE_OK;
    }

    static int lock(sqlite3_file* f, int level)
    {
        auto& me = handle::of(f);
        auto& at = *me.at;
        if (me.level >= level)
            return SQLITE_OK;
        if (at.exclusive && at.exclusive != &me)
            return SQLITE_BUSY;
        if (level == SQLITE_LOCK_SHARED) {
            ++at.sharing;
        } else {
            if (at.writing && at.writing != &me)
                return SQLITE_BUSY;
            at.writing = &me;
            if (level == SQLITE_LOCK_EXCLUSIVE) {
                at.exclusive = &me;
                if (at.sharing > 1) {
                    me.level = SQLITE_LOCK_PENDING;
                    return SQLITE_BUSY;
                }
            }
        }
        me.level = level;
        return SQLITE_OK;
    }
    static int unlock(sqlite3_file* f, int level)
    {
        auto& me = handle::of(f);
        auto& at = *me.at;
        if (me.level <= level)
            return SQLITE_OK;
        if (at.writing == &me)
            at.writing = nullptr;
        if (at.exclusive == &me)
            at.exclusive = nullptr;
        if (level == SQLITE_LOCK_NONE)
            --at.sharing;
        me.level = level;
        return SQLITE_OK;
    }
    static int check_reserved(sqlite3_file* f, int* out)
    {
        *out = handle::of(f).at->writing ? 1 : 0;
        return SQLITE_OK;
    }
    static int control(sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; }
    static int sector_size(sqlite3_file*) { return 4096; }
    static int device(sqlite3_file*) { return SQLITE_IOCAP_POWERSAFE_OVERWRITE; }

    static int shm_map(sqlite3_file* f, int region, int bytes, int extend, void volatile** out)
    {
        auto& me = handle::of(f);
        auto& memory = me.at->shared_memory;
        me.at->shm_users += std::exchange(me.uses_shm, true) ? 0 : 1;
        const auto wanted = static_cast<std::size_t>(region);
        *out = nullptr;
        if (bytes != 32768)
            return SQLITE_IOERR_SHMMAP;
        while (extend && memory.size() <= wanted)
            memory.push_back(std::make_unique<std::array<char, 32768>>());
        if (wanted < memory.size())
            *out = memory[wanted]->data();
        return SQLITE_OK;
    }
    static int shm_lock(sqlite3_file* f, int from, int count, int flags)
    {
        auto& me = handle::of(f);
        auto& at = *me.at;
        const bool taking = (flags & SQLITE_SHM_LOCK) != 0;
        const bool shared = (flags & SQLITE_SHM_SHARED) != 0;
        for (auto i = static_cast<std::size_t>(from); taking && i < static_cast<std::size_t>(from + count); ++i) {
            const int mine = (me.shm_shared >> i) & 1u ? 1 : 0;
            if ((at.shm_exclusive[i] && at.shm_exclusive[i] != &me) || (!shared && at.shm_sharing[i] > mine))
                return SQLITE_BUSY;
        }
        for (auto i = static_cast<std::size_t>(from); i < static_cast<std::size_t>(from + count); ++i) {
            const auto bit = 1u << i;
            if (!shared)
                at.shm_exclusive[i] = taking ? &me : nullptr;
            else if (taking == ((me.shm_shared & bit) == 0)) {
                at.shm_sharing[i] += taking ? 1 : -1;
                me.shm_shared ^= bit;
            }
        }
        return SQLITE_OK;
    }
    static void shm_barrier(sqlite3_file*) {}
    static int shm_unmap(sqlite3_file* f, int)
    {
        auto& me = handle::of(f);
        if (std::exchange(me.uses_shm, false) && --me.at->shm_users == 0)
            me.at->shared_memory.clear();
        return SQLITE_OK;
    }

    static int open(sqlite3_vfs* vfs, const char* name, sqlite3_file* f, int flags, int* out)
    {
        static constexpr sqlite3_io_methods methods{
            2,       close,       read,   write,   truncate, sync,        size,      lock,    unlock,  check_reserved,
            control, sector_size, device, shm_map, shm_lock, shm_barrier, shm_unmap, nullptr, nullptr,
        };
        auto& files = self(vfs).files_;
        const auto known = name ? files.find(name) : files.end();
        f->pMethods = nullptr;
        if (known == files.end() && (flags & SQLITE_OPEN_CREATE) == 0)
            return SQLITE_CANTOPEN;
        auto at = known != files.end() ? known->second : std::make_shared<node>();
        if (name)
            files[name] = at;
        // Removed and made again, and nothing of it is synced: as if the old one had been truncated.
        if (const auto old = name ? self(vfs).removed_.extract(name) : decltype(removed_)::node_type{}; !old.empty()) {
            at->on_disk = std::move(old.mapped());
            at->on_disk.unsynced.push_back({.truncates = true, .number = ++self(vfs).writes_});
        }
        new (f) handle{.head = {&methods}, .owner = &self(vfs), .at = std::move(at)};
        if (out)
            *out = flags;
        return SQLITE_OK;
    }
    static int remove(sqlite3_vfs* vfs, const char* name, int)
    {
        auto& files = self(vfs).files_;
        const auto known = files.find(name);
        if (known == files.end())
            return SQLITE_IOERR_DELETE_NOENT;
        auto& gone = known->second->on_disk;
        if (self(vfs).lies())  // one that is empty is to SQLite as one that is not there
            gone.unsynced.push_back({.truncates = true, .number = ++self(vfs).writes_});
        if (gone.name_synced || self(vfs).lies())
            self(vfs).removed_[name] = gone;
        files.erase(known);
        return SQLITE_OK;
    }
    static int access(sqlite3_vfs* vfs, const char* name, int, int* out)
    {
        *out = self(vfs).files_.contains(name) ? 1 : 0;
        return SQLITE_OK;
    }
    static int full_name(sqlite3_vfs*, const char* name, int size, char* out)
    {
        sqlite3_snprintf(size, out, "%s", name);
        return SQLITE_OK;
    }
};

power_disk::power_disk()
    : base_{sqlite3_vfs_find(nullptr)},
      vfs_{[this] {
          auto own = *base_;
          own.zName = "power";
          own.szOsFile = static_cast<int>(sizeof(handle));
          own.pAppData = this;
          own.xOpen = calls::open;
          own.xDelete = calls::remove;
          own.xAccess = calls::access;
          own.xFullPathname = calls::full_name;
          return own;
      }()},
      registered_{vfs_}
{}

power_disk::~power_disk() = default;

power_disk::image power_disk::now() const
{
    image out = removed_;
    for (const auto& [name, at] : files_)
        out[name] = at->on_disk;
    return out;
}

void power_disk::restart(const image& from, damage how, std::uint32_t seed)
{
    std::mt19937 with{seed};
    files_.clear();
    removed_.clear();
    const auto upto = how == damage::cut ? any_write(from, with) : 0;
    const bool keeps_names = how == damage::kept || how == damage::cut;
    for (const auto& [name, was] : from) {
        auto content = content_after(was, how, upto, with);
        if (!was.name_synced && (how == damage::dropped || (!keeps_names && (with() & 1u) != 0)))
            continue;  // nobody synced the folder: the name is gone
        auto at = std::make_shared<node>();
        at->content = content;
        at->on_disk = {.synced = std::move(content), .unsynced = {}, .name_synced = true};
        files_[name] = std::move(at);
    }
}

}  // namespace cofila::test
