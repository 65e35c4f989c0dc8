#include "walk.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <iterator>
#include <utility>

namespace sample {

namespace fs = std::filesystem;

walk::walk(std::vector<std::string> paths) : paths_{std::move(paths)} {}

std::vector<found_file> walk::next(std::size_t count)
{
    std::vector<found_file> found;
    while (found.size() < count) {
        if (position_ == fs::recursive_directory_iterator{}) {
            if (next_path_ == paths_.size())
                break;
            enter_next_path();
            std::ranges::move(std::exchange(single_, {}), std::back_inserter(found));
            continue;
        }
        const auto path = position_->path();
        visit(path, found);
        std::error_code failed;
        position_.increment(failed);
        if (failed)
            skipped_.push_back({.path = path.string(), .reason = failed.message()});
    }
    return found;
}

void walk::enter_next_path()
{
    const auto path = fs::absolute(paths_[next_path_++]).lexically_normal();
    std::error_code failed;
    if (fs::is_directory(path, failed)) {
        position_ = fs::recursive_directory_iterator{path, fs::directory_options::skip_permission_denied, failed};
        if (failed)
            skipped_.push_back({.path = path.string(), .reason = failed.message()});
        return;
    }
    if (!fs::exists(path, failed))
        skipped_.push_back({.path = path.string(), .reason = "no such file or folder"});
    else
        visit(path, single_);
}

void walk::visit(const fs::path& path, std::vector<found_file>& found)
{
    struct stat file{};
    if (::lstat(path.c_str(), &file) != 0) {
        skipped_.push_back({.path = path.string(), .reason = std::strerror(errno)});
        return;
    }
    if (!S_ISREG(file.st_mode))
        return;
    found.push_back(
        {.path = path.string(),
         .size = static_cast<std::uint64_t>(file.st_size),
         .modified = std::int64_t{file.st_mtim.tv_sec} * 1'000'000'000 + file.st_mtim.tv_nsec}
    );
}

}  // namespace sample
