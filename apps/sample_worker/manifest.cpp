#include "manifest.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <system_error>

namespace sample {

namespace {

[[noreturn]] void fail(const std::string& file) { throw std::system_error{errno, std::generic_category(), file}; }

/// A name with a backslash or a line break is escaped, and its line begins with a backslash.
std::string line_of(const manifest_line& line)
{
    std::string name;
    for (const char c : line.path) {
        switch (c) {
        case '\\':
            name += "\\\\";
            break;
        case '\n':
            name += "\\n";
            break;
        case '\r':
            name += "\\r";
            break;
        default:
            name += c;
        }
    }
    return fmt::format("{}{}  {}\n", name == line.path ? "" : "\\", line.sha256, name);
}

void write_all(int descriptor, const std::string& text, const std::string& file)
{
    for (std::size_t done = 0; done < text.size();) {
        const auto count = ::write(descriptor, text.data() + done, text.size() - done);
        if (count < 0 && errno != EINTR)
            fail(file);
        done += count > 0 ? static_cast<std::size_t>(count) : 0;
    }
}

}  // namespace

void write_manifest(const std::string& file, std::vector<manifest_line> lines)
{
    std::ranges::sort(lines, {}, &manifest_line::path);
    std::string text;
    for (const auto& line : lines)
        text += line_of(line);
    const auto unfinished = file + ".new";
    const int descriptor = ::open(unfinished.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0666);
    if (descriptor < 0)
        fail(unfinished);
    try {
        write_all(descriptor, text, unfinished);
        if (::fsync(descriptor) != 0)
            fail(unfinished);
    } catch (...) {
        ::close(descriptor);
        throw;
    }
    ::close(descriptor);
    if (std::rename(unfinished.c_str(), file.c_str()) != 0)
        fail(file);
}

}  // namespace sample
