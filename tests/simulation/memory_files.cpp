#include "memory_files.hpp"

#include <utility>

#include "file_layer.hpp"

namespace cofila::sim {

memory_files::memory_files(surroundings with) : around{std::move(with)}
{
    sqlite3_vfs_register(file_layer(this), 1);
    sqlite3_randomness(0, nullptr);  // SQLite draws anew from this layer, not from where the last run has left it
}

memory_files::~memory_files() { sqlite3_vfs_unregister(file_layer(nullptr)); }

memory_files::file* memory_files::open(const std::string& name, bool create)
{
    const auto known = files_.find(name);
    if (known != files_.end())
        return known->second.get();
    return create ? (files_[name] = std::make_unique<file>()).get() : nullptr;
}

void memory_files::remove(const std::string& name)
{
    if (auto gone = files_.extract(name))
        removed_.push_back(std::move(gone.mapped()));
}

void memory_files::fail(call which, int nth, int result)
{
    planned_ = which;
    countdown_ = nth;
    result_ = result;
}

bool memory_files::calm()
{
    countdown_ = 0;
    return std::exchange(failed_, false);
}

int memory_files::check(call which)
{
    if (dead_)
        return SQLITE_IOERR;
    if (full_ && which == call::write)
        return SQLITE_FULL;
    if (countdown_ == 0 || which != planned_ || --countdown_ > 0)
        return SQLITE_OK;
    failed_ = true;
    return result_;
}

}  // namespace cofila::sim
