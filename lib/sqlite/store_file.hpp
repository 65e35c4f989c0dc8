#pragma once
#include <cofila/job_repository.hpp>

#include <cstdint>
#include <string>

namespace cofila::sqlite {

/// The file as the folder shows it. Looked at by name only: closing a descriptor of it would drop SQLite's locks.
class store_file {
public:
    /// Remembers which file it is that has this name now.
    explicit store_file(std::string path);

    storage_status look() const;

private:
    std::string path_;
    std::uint64_t device_ = 0;
    std::uint64_t inode_ = 0;
};

}  // namespace cofila::sqlite
