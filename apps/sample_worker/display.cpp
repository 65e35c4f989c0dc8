#include "display.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <utility>

namespace sample {

namespace {

constexpr std::size_t bar_width = 30;
constexpr std::uint64_t files_a_line = 10'000;

}  // namespace

display::display() : terminal_{::isatty(STDOUT_FILENO) == 1} {}

display::~display() { end(); }

void display::found(std::uint64_t files, std::uint64_t bytes)
{
    files_ += files;
    bytes_ += bytes;
    show(false);
}

void display::done(std::uint64_t bytes)
{
    ++files_done_;
    bytes_done_ += bytes;
    show(false);
}

void display::failed()
{
    ++files_failed_;
    show(false);
}

void display::end()
{
    if (std::exchange(ended_, true) || files_ == 0)
        return;
    show(true);
    if (terminal_)
        fmt::print("\n");
}

void display::show(bool now)
{
    const auto finished = files_done_ + files_failed_;
    if (!terminal_) {
        if (now || (finished > 0 && finished % files_a_line == 0))
            fmt::print("{} of {} files, {} MB\n", finished, files_, bytes_done_ / 1'000'000);
        return;
    }
    const auto time = std::chrono::steady_clock::now();
    if (!now && time - shown_ < std::chrono::milliseconds{100})
        return;
    shown_ = time;
    const auto filled = std::min(bar_width, bar_width * finished / std::max<std::uint64_t>(files_, 1));
    fmt::print(
        "\r[{:#<{}}{:.<{}}] {} of {} files, {} of {} MB, {} failed ",
        "",
        filled,
        "",
        bar_width - filled,
        finished,
        files_,
        bytes_done_ / 1'000'000,
        bytes_ / 1'000'000,
        files_failed_
    );
    std::fflush(stdout);
}

}  // namespace sample
