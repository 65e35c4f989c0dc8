#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace sample {

struct found_file {
    std::string path{};  ///< Absolute; bytes.
    std::uint64_t size = 0;
    std::int64_t modified = 0;  ///< Nanoseconds since 1970.
};

/// Finds the regular files below some paths, a few at a time. Links are not followed.
class walk {
public:
    explicit walk(std::vector<std::string> paths);

    /// At most `count` files; none: that was all.
    std::vector<found_file> next(std::size_t count);

    struct unreadable {
        std::string path{};
        std::string reason{};
    };
    /// Folders that could not be listed, and paths that are not there.
    const std::vector<unreadable>& skipped() const noexcept { return skipped_; }

private:
    void enter_next_path();
    void visit(const std::filesystem::path& path, std::vector<found_file>& found);

    std::vector<std::string> paths_;
    std::size_t next_path_ = 0;
    std::filesystem::recursive_directory_iterator position_{};
    std::vector<found_file> single_{};  // a path that is a file itself
    std::vector<unreadable> skipped_{};
};

}  // namespace sample
