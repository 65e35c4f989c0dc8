#pragma once
#include <sys/stat.h>

#include <cstdint>

namespace sample {

/// What distinguishes one version of a file from another.
struct file_stamp {
    std::uint64_t size = 0;
    std::int64_t modified = 0;  ///< Nanoseconds since 1970.

    friend bool operator==(const file_stamp&, const file_stamp&) = default;
};

inline file_stamp stamp_of(const struct ::stat& file)
{
    return {
        .size = static_cast<std::uint64_t>(file.st_size),
        .modified = std::int64_t{file.st_mtim.tv_sec} * 1'000'000'000 + file.st_mtim.tv_nsec
    };
}

}  // namespace sample
