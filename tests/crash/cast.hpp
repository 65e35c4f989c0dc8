#pragma once
#include <array>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "history.hpp"
#include "stage.hpp"
#include "support/child_process.hpp"

namespace cofila::test {

/// A store, processes that work on it at once, and what they have said. Each of the roles is played again under a new
/// name when its process was killed.
class cast {
public:
    static constexpr std::array roles{"produce", "both", "work", "sweep", "tend"};

    /// Plays all roles; `next_seed` draws for each process.
    cast(const stage& here, std::function<int()> next_seed);

    /// Records output until this process has printed `lines` more lines, or for at most `patience`.
    void listen(std::size_t role, std::size_t lines, std::chrono::microseconds patience);
    /// Ends them with SIGKILL, together, and records their last output.
    void kill(const std::vector<std::size_t>& which);
    /// A new process in this role.
    void play(std::size_t role);
    /// Kills all, lets a last process do what is left to do, and compares.
    verdict end();

private:
    struct actor {
        std::string name{};
        std::unique_ptr<child_process> process{};
        std::size_t lines = 0;
    };

    void take_lines(actor& from);
    void take_lines_of_all(int timeout);

    const stage& here_;
    const std::function<int()> next_seed_;
    history said_{};
    std::array<actor, roles.size()> actors_{};
    int names_ = 0;
};

}  // namespace cofila::test
