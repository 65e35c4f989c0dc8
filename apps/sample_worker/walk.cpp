#include "walk.hpp"

#include <cerrno>
#include <system_error>

namespace sample {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t steps_per_file = 8;

std::string last_error() { return std::generic_category().message(errno); }

}  // namespace

walk::walk(std::vector<std::string> paths, const std::vector<std::string>& left_out) : paths_{std::move(paths)}
{
    for (const auto& file : left_out) {
        std::error_code nowhere;
        left_out_.insert(fs::weakly_canonical(file, nowhere).string());
        struct ::stat now{};
        if (::stat(file.c_str(), &now) == 0)
            left_out_inodes_.emplace(now.st_dev, now.st_ino);  // it may have other names
    }
}

walk_slice walk::next(std::size_t limit)
{
    walk_slice out;
    for (std::size_t steps = 0; out.files.size() < limit && steps < limit * steps_per_file && !out.last; ++steps)
        out.last = !step(out);
    return out;
}

bool walk::step(walk_slice& out)
{
    if (here_ != fs::directory_iterator{}) {
        const auto path = here_->path();
        std::error_code failed;
        here_.increment(failed);
        if (failed)
            out.unreadable.push_back({.path = folder_.string(), .reason = failed.message()});
        visit(path, out);
    } else if (!folders_.empty()) {
        folder_ = std::move(folders_.back());
        folders_.pop_back();
        enter(folder_, out);
    } else if (next_path_ < paths_.size()) {
        start(paths_[next_path_++], out);
    } else {
        return false;
    }
    return true;
}

/// One name for a file, however it was given: the name is a part of the job's identity.
void walk::start(const std::string& path, walk_slice& out)
{
    struct ::stat file{};
    if (::lstat(path.c_str(), &file) != 0)
        return out.unreadable.push_back({.path = path, .reason = last_error()});
    if (S_ISLNK(file.st_mode))
        return out.unreadable.push_back({.path = path, .reason = "a symbolic link, which is not followed"});
    if (!S_ISREG(file.st_mode) && !S_ISDIR(file.st_mode))
        return out.unreadable.push_back({.path = path, .reason = "neither a file nor a folder"});
    std::error_code failed;
    const auto name = fs::canonical(path, failed);
    if (failed)
        return out.unreadable.push_back({.path = path, .reason = failed.message()});
    visit(name, out);
}

void walk::enter(const fs::path& folder, walk_slice& out)
{
    std::error_code failed;
    here_ = fs::directory_iterator{folder, failed};
    if (failed)
        out.unreadable.push_back({.path = folder.string(), .reason = failed.message()});
}

void walk::visit(const fs::path& path, walk_slice& out)
{
    struct ::stat file{};
    if (::lstat(path.c_str(), &file) != 0) {
        if (errno != ENOENT)  // otherwise it has just been removed
            out.unreadable.push_back({.path = path.string(), .reason = last_error()});
        return;
    }
    if (S_ISDIR(file.st_mode))
        folders_.push_back(path);
    else if (S_ISREG(file.st_mode) && !is_left_out(path.string(), file))
        out.files.push_back({.path = path.string(), .stamp = stamp_of(file)});
}

bool walk::is_left_out(const std::string& path, const struct ::stat& file) const
{
    return left_out_.contains(path) || left_out_inodes_.contains({file.st_dev, file.st_ino});
}

}  // namespace sample
