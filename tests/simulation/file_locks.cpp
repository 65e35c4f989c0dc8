#include "file_locks.hpp"

#include <algorithm>

namespace cofila::sim {

int unlock(sqlite3_file* handle, int level)
{
    auto& self = opened(handle);
    auto& file = *self.of;
    if (self.level > SQLITE_LOCK_SHARED && level <= SQLITE_LOCK_SHARED) {
        for (auto* lock : {&file.reserved, &file.pending})
            if (*lock == &self)
                *lock = nullptr;
    }
    if (self.level > SQLITE_LOCK_NONE && level == SQLITE_LOCK_NONE)
        --file.shared;
    self.level = std::min(self.level, level);
    return SQLITE_OK;
}

int lock(sqlite3_file* handle, int level)
{
    auto& self = opened(handle);
    auto& file = *self.of;
    const auto others = [&](const void* holder) { return holder && holder != &self; };
    if (self.level >= level)
        return SQLITE_OK;
    if (level == SQLITE_LOCK_SHARED) {
        if (others(file.pending))
            return SQLITE_BUSY;
        ++file.shared;
    } else {
        if (others(file.reserved) || others(file.pending))
            return SQLITE_BUSY;
        (level == SQLITE_LOCK_RESERVED ? file.reserved : file.pending) = &self;
        if (level == SQLITE_LOCK_EXCLUSIVE && file.shared > 1) {
            self.level = SQLITE_LOCK_PENDING;
            return SQLITE_BUSY;
        }
    }
    self.level = level;
    return SQLITE_OK;
}

}  // namespace cofila::sim
