#pragma once
#include <chrono>
#include <string>
#include <string_view>

namespace sample {

/// What a tour shows on the screen, and what it checks.
class timeline {
public:
    void chapter(std::string_view title) const;
    void say(std::string_view who, std::string_view text) const;
    void check(bool holds, std::string_view what);

    /// Prints how many checks held. Returns the exit code.
    int result() const;

private:
    double seconds() const;

    std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
    int checks_ = 0;
    int failed_ = 0;
};

}  // namespace sample
