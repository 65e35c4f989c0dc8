#include "display.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <string>

namespace sample {

namespace {

constexpr std::uint64_t bar_width = 30;
constexpr std::chrono::milliseconds frame{100};
constexpr std::uint64_t files_a_line = 10'000;
constexpr std::uint64_t megabyte = 1'000'000;

}  // namespace

display::display() : terminal_{::isatty(STDOUT_FILENO) == 1} {}

void display::show(const tally_counts& now)
{
    if (!terminal_) {
        const auto lines = (now.digested + now.failed) / files_a_line;
        if (lines > lines_)
            print_line(now);
        lines_ = lines;
        return;
    }
    const auto time = std::chrono::steady_clock::now();
    if (time - drawn_ < frame)
        return;
    drawn_ = time;
    draw_bar(now);
}

void display::end(const tally_counts& last)
{
    if (!terminal_)
        return print_line(last);
    draw_bar(last);
    fmt::print("\n");
}

void display::draw_bar(const tally_counts& now)
{
    const auto filled = std::min(bar_width, bar_width * now.bytes_done / std::max<std::uint64_t>(now.bytes, 1));
    fmt::print(
        "\r[{}{}] {} of {} files, {} of {} MB{}\x1B[K",
        std::string(filled, '#'),
        std::string(bar_width - filled, '.'),
        now.digested,
        now.files,
        now.bytes_done / megabyte,
        now.bytes / megabyte,
        now.failed > 0 ? fmt::format(", {} failed", now.failed) : ""
    );
    std::fflush(stdout);
}

void display::print_line(const tally_counts& now)
{
    fmt::print("{} of {} files, {} MB, {} failed\n", now.digested, now.files, now.bytes_done / megabyte, now.failed);
    std::fflush(stdout);
}

}  // namespace sample
