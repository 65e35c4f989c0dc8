#pragma once
#include <cofila/job_repository.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace cofila::sqlite {

/// The file as the folder shows it. Looked at by name only: closing a descriptor of it would drop SQLite's locks.
class store_file {
public:
    /// Remembers which file it is that has this name now, and which one its log is.
    explicit store_file(std::string path);

    storage_status look() const;
    /// True: nothing has its name any more, or something else has.
    bool is_replaced() const;
    /// False: another file has the name of the log now.
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
