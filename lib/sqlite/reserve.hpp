#pragma once
#include <cstdint>
#include <string>

namespace cofila::sqlite {

/// Room for the day when the disk is full: a file beside the database, as long as the log may become. It is let go
/// then, so that the log can be copied and what runs can be completed; until there is room for it again nothing is
/// added. Processes that share a database share it. Used by the database thread.
class reserve {
public:
    /// 0 bytes: none is kept.
    reserve(const std::string& database, std::uint64_t bytes);

    /// Makes it where there is none, if the disk has room for two. False: there is none.
    bool keep();
    /// True: there was one, and its room is free now.
    bool release();
    /// False: it was let go, by whatever process, and there is no room for it yet.
    bool allows_adds();
    /// Nobody has the database open any more.
    void remove() noexcept;

private:
    bool is_there() const;

    const std::string path_;
    const std::uint64_t bytes_;
    bool kept_ = false;  // there was one, and there is to be one
};

}  // namespace cofila::sqlite
