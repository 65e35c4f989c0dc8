#pragma once
#include <chrono>
#include <cstdint>

#include "tally.hpp"

namespace sample {

/// Shows on standard output how far a run is: a bar on a terminal, a line now and then elsewhere. It is called for
/// every change and decides itself what is worth showing; it needs no timer.
class display {
public:
    display();

    void show(const tally_counts& now);
    void end(const tally_counts& last);  ///< Leaves the last state standing.

private:
    void draw_bar(const tally_counts& now);
    void print_line(const tally_counts& now);

    const bool terminal_;
    std::chrono::steady_clock::time_point drawn_{};
    std::uint64_t lines_ = 0;
};

}  // namespace sample
