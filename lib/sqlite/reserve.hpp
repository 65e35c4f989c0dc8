#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "domain/room.hpp"
#include "sqlite/store_file.hpp"

namespace cofila::sqlite {

/// Room for the day when the disk is full: a file beside the database, as long as the log may become. On that day it is
/// cut to nothing, so that the log can be copied and what runs can be completed. An empty one says that this has
/// happened and that there was no room for it since: so all processes that share the database, now or later, judge
/// alike (domain/room.hpp). Used by the database thread.
class reserve {
public:
    /// With 0 `bytes` none is kept. The file is touched only while its name still belongs to `database`, which must
    /// outlive this object.
    reserve(const std::string& path, std::uint64_t bytes, const std::optional<store_file>& database);

    /// Makes the file if there is none and the disk has room for two. Returns whether there is one.
    bool keep();
    /// Frees its room. Returns false if there was none.
    bool release();
    /// `free_in_file` returns how many bytes of the file's pages are free; it is called only if that matters.
    bool allows_adds(const std::function<std::uint64_t()>& free_in_file);
    /// Called when the database is no longer open anywhere.
    void remove() noexcept;

private:
    domain::room look() const;
    void drop_draft() noexcept;
    bool is_ours() const { return !database_ || !database_->is_replaced(); }

    const std::string path_;
    const std::string draft_;  // its name while it is made
    const std::uint64_t bytes_;
    const std::optional<store_file>& database_;
};

}  // namespace cofila::sqlite
