#pragma once
#include <sys/types.h>

#include <cstddef>
#include <filesystem>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "file_stamp.hpp"

namespace sample {

struct found_file {
    std::string path{};  ///< Absolute, without links; bytes.
    file_stamp stamp{};
};

/// A folder that cannot be listed, or a path that leads nowhere.
struct unreadable_path {
    std::string path{};
    std::string reason{};
};

struct walk_slice {
    std::vector<found_file> files{};
    std::vector<unreadable_path> unreadable{};
    bool last = false;
};

/// Finds the regular files below some paths, a few at a time, so that a large tree needs little memory. Links are not
/// followed. A `walk` belongs to one thread at a time.
class walk {
public:
    /// The files of `left_out` are not found, under any name.
    walk(std::vector<std::string> paths, const std::vector<std::string>& left_out);

    /// At most `limit` files. Fewer if there are many folders, so that a call never takes long.
    walk_slice next(std::size_t limit);

private:
    bool step(walk_slice& out);
    void start(const std::string& path, walk_slice& out);
    void enter(const std::filesystem::path& folder, walk_slice& out);
    void visit(const std::filesystem::path& path, walk_slice& out);
    bool is_left_out(const std::string& path, const struct ::stat& file) const;

    std::vector<std::string> paths_;
    std::size_t next_path_ = 0;
    std::filesystem::directory_iterator here_{};
    std::filesystem::path folder_{};                // which `here_` lists
    std::vector<std::filesystem::path> folders_{};  // still to be listed; as names, since few folders can be open
    std::set<std::string> left_out_{};
    std::set<std::pair<dev_t, ino_t>> left_out_inodes_{};
};

}  // namespace sample
