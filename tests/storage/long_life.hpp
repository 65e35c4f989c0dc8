#pragma once
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "integration/sqlite_support.hpp"

namespace cofila::test {

/// All that a store holds, as text: two stores hold the same if their texts are the same.
std::string content_of(writing_runner& store);

/// A life drawn from a seed: adds, claims, renewals, progress, log lines, settlements, removals, retries, sweeps,
/// checkpoints, and now and then a close and a new start.
/// One transaction in each step, so that what the store holds is known after each.
class long_life {
public:
    long_life(sqlite::connection_options options, std::shared_ptr<manual_clock> clock, std::uint32_t seed);

    int steps() const { return steps_; }
    /// The next step.
    void step();
    std::string content() { return content_of(*runner_); }

private:
    void add();
    void claim();
    void renew();
    void progress();
    void log();
    void settle();
    void remove();
    void retry();
    void sweep();
    void tend();
    void start_again();
    std::string some_text();
    job_id some_id();
    /// With which a job may be written that is active by this life's claim, or by nobody's.
    job_ref some_job_to_write();

    const sqlite::connection_options options_;
    const std::shared_ptr<manual_clock> clock_;
    std::mt19937 dice_;
    int steps_;
    std::unique_ptr<writing_runner> runner_;
    std::vector<job_snapshot> active_{};
    int made_ = 0;
};

}  // namespace cofila::test
