#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "domain/room.hpp"
#include "sqlite/store_file.hpp"

namespace cofila::sqlite {

/// Room for the day when the disk is full: a file beside the database, as long as the log may become. It is cut to
/// nothing then, so that the log can be copied and what runs can be completed. An empty one says that this has happened
/// and that there was no room for it since: so all who share the database, now or later, judge alike (domain/room.hpp).
/// Used by the database thread.
class reserve {
public:
    /// 0 bytes: none is kept. It is touched only while `database`, which must outlive it, is what has that name.
    reserve(const std::string& path, std::uint64_t bytes, const std::optional<store_file>& database);

    /// Makes it where there is none, if the disk has room for two. False: there is none.
    bool keep();
    /// True: there was one, and its room is free now.
    bool release();
    /// `free_in_file` says how many bytes the pages have that hold nothing; asked only where it matters.
    bool allows_adds(const std::function<std::uint64_t()>& free_in_file);
    /// Nobody has the database open any more.
    void remove() noexcept;

private:
    domain::room look() const;
    bool is_ours() const { return !database_ || !database_->is_replaced(); }

    const std::string path_;
    const std::uint64_t bytes_;
    const std::optional<store_file>& database_;
};

}  // namespace cofila::sqlite
