#include "manifest.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <string_view>
#include <system_error>

namespace sample {

namespace {

void require(bool ok, const std::string& what)
{
    if (!ok)
        throw std::system_error{errno, std::generic_category(), what};
}

/// A file or folder that is closed at the end of the scope.
class open_file {
public:
    open_file(const std::string& name, int flags) : name_{name}, descriptor_{::open(name.c_str(), flags, 0666)}
    {
        require(descriptor_ >= 0, name_);
    }
    open_file(const open_file&) = delete;
    open_file& operator=(const open_file&) = delete;
    ~open_file() { ::close(descriptor_); }

    void write(std::string_view text) const
    {
        while (!text.empty()) {
            const auto count = ::write(descriptor_, text.data(), text.size());
            require(count >= 0 || errno == EINTR, name_);
            text.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
        }
    }
    void flush_to_disk() const { require(::fsync(descriptor_) == 0, name_); }

private:
    std::string name_;
    int descriptor_;
};

void write_file(const std::string& name, std::string_view text)
{
    const open_file out{name, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC};
    out.write(text);
    out.flush_to_disk();
}

std::string folder_of(const std::string& file)
{
    const auto folder = std::filesystem::path{file}.parent_path().string();
    return folder.empty() ? "." : folder;
}

}  // namespace

std::string to_text(const manifest_line& line)
{
    std::string name;
    for (const char c : line.path) {
        if (c == '\\')
            name += "\\\\";
        else if (c == '\n')
            name += "\\n";
        else if (c == '\r')
            name += "\\r";
        else
            name += c;
    }
    const bool escaped = name.size() > line.path.size();
    return fmt::format("{}{}  {}\n", escaped ? "\\" : "", line.sha256, name);
}

// Two processes may write the same manifest at once.
std::string unfinished_manifest(const std::string& file) { return fmt::format("{}.{}", file, ::getpid()); }

void write_manifest(const std::string& file, std::vector<manifest_line> lines)
{
    std::ranges::sort(lines, {}, &manifest_line::path);
    std::string text;
    for (const auto& line : lines)
        text += to_text(line);
    const auto unfinished = unfinished_manifest(file);
    try {
        write_file(unfinished, text);
        require(std::rename(unfinished.c_str(), file.c_str()) == 0, file);
    } catch (...) {
        ::unlink(unfinished.c_str());
        throw;
    }
    open_file{folder_of(file), O_RDONLY | O_DIRECTORY | O_CLOEXEC}.flush_to_disk();
}

}  // namespace sample
