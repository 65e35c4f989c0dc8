#pragma once
#include <filesystem>
#include <fstream>
#include <iterator>

#include "integration/sqlite_support.hpp"
#include "support/error_of.hpp"
#include "support/run_coro.hpp"

namespace cofila::test {

namespace asio = boost::asio;
namespace fs = std::filesystem;

/// A file as it is on disk.
struct file_state {
    std::string bytes{};
    fs::file_time_type modified{};

    friend bool operator==(const file_state&, const file_state&) = default;
};

inline file_state state_of(const std::string& path)
{
    std::ifstream file{path, std::ios::binary};
    return {.bytes = {std::istreambuf_iterator<char>{file}, {}}, .modified = fs::last_write_time(path)};
}

inline std::ptrdiff_t files_in(const temp_folder& folder)
{
    return std::distance(fs::directory_iterator{folder.path()}, fs::directory_iterator{});
}

/// Opens, closes, and answers what was thrown.
inline thrown_error opening(sqlite::options chosen)
{
    thrown_error out;
    run_coro([&]() -> asio::awaitable<void> { out = co_await error_of(open_and_close(chosen)); });
    return out;
}

}  // namespace cofila::test
