#pragma once
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "file_stamp.hpp"

namespace sample {

/// A file, read from start to end in pieces of at most 1 MiB. Throws if it cannot be read, or is no longer the expected
/// version.
class file_reader {
public:
    file_reader(const std::string& path, file_stamp expected);
    file_reader(const file_reader&) = delete;
    file_reader& operator=(const file_reader&) = delete;
    ~file_reader();

    /// Returns the next piece, valid until the next call; empty at the end.
    std::string_view next();
    /// Call at the end: what was read may be half old and half new.
    void require_unchanged() const;

private:
    file_stamp expected_;
    std::size_t piece_;
    std::unique_ptr<char[]> buffer_;
    int descriptor_ = -1;
};

}  // namespace sample
