#include "timeline.hpp"

#include <fmt/format.h>

#include <cstdio>

namespace sample {

void timeline::chapter(std::string_view title) const { fmt::print("\n{}\n", title); }

void timeline::say(std::string_view who, std::string_view text) const
{
    fmt::print("  {:6.3f} s  {:8} {}\n", seconds(), who, text);
    std::fflush(stdout);
}

void timeline::check(bool holds, std::string_view what)
{
    fmt::print("  {:>19} {}\n", holds ? "\u2713" : "\u2717", what);
    failed_ += holds ? 0 : 1;
    ++checks_;
}

int timeline::result() const
{
    fmt::print("\n{} checks, {} failed, {:.1f} s\n", checks_, failed_, seconds());
    return failed_ == 0 && checks_ > 0 ? 0 : 1;
}

double timeline::seconds() const
{
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
}

}  // namespace sample
