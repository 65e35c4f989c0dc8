#pragma once
#include <chrono>
#include <cstdint>

namespace sample {

/// Shows how far a digest is: a bar on a terminal, a line now and then elsewhere.
class display {
public:
    display();
    ~display();
    display(const display&) = delete;
    display& operator=(const display&) = delete;

    void found(std::uint64_t files, std::uint64_t bytes);  ///< More to do.
    void done(std::uint64_t bytes);                        ///< One file is finished.
    void failed();                                         ///< One file is given up.
    void end();                                            ///< Leaves the last state standing. Idempotent.

private:
    void show(bool now);

    const bool terminal_;
    std::uint64_t files_ = 0;
    std::uint64_t bytes_ = 0;
    std::uint64_t files_done_ = 0;
    std::uint64_t bytes_done_ = 0;
    std::uint64_t files_failed_ = 0;
    std::chrono::steady_clock::time_point shown_{};
    bool ended_ = false;
};

}  // namespace sample
