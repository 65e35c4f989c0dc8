#pragma once
#include <cofila/repository/job_repository.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace cofila::sqlite {

/// The file as its folder shows it. Looked at by name only: closing a descriptor of it would drop SQLite's locks.
class store_file {
public:
    /// Remembers which file has this name now, and which file its log is.
    explicit store_file(std::string path);

    const std::string& path() const noexcept { return path_; }
    /// Warns of a file that has been replaced, and of a log that cannot be copied.
    storage_status look() const;
    /// True if no file, or another one, has its name now.
    bool is_replaced() const;
    /// True while any process has it open: the last one to close removes the log.
    bool has_log() const;
    /// False if another file has the name of its log now.
    bool has_its_log() const;

private:
    struct identity {
        std::uint64_t device = 0;
        std::uint64_t inode = 0;

        friend bool operator==(const identity&, const identity&) = default;
    };

    static std::optional<identity> identity_of(const std::string& path);

    std::string path_;
    std::optional<identity> file_;
    std::optional<identity> log_;
};

}  // namespace cofila::sqlite
