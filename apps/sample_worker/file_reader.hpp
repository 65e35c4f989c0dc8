#pragma once
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "file_stamp.hpp"

namespace sample {

/// A file, read from start to end in pieces of at most 1 MiB. Throws where it cannot be read, and where it is no longer
/// the version that was expected.
class file_reader {
public:
    file_reader(const std::string& path, file_stamp expected);
    file_reader(const file_reader&) = delete;
    file_reader& operator=(const file_reader&) = delete;
    ~file_reader();

    /// Valid until the next call. Empty: that was all.
    std::string_view next();
    /// To be asked at the end: what was read may be half old and half new.
    void require_unchanged() const;

private:
    file_stamp expected_;
    std::size_t piece_;
    std::unique_ptr<char[]> buffer_;
    int descriptor_ = -1;
};

}  // namespace sample
