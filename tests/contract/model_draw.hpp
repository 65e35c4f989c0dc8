#pragma once
#include <cofila/limits.hpp>
#include <cofila/repository/job_change.hpp>
#include <cofila/repository/job_record.hpp>
#include <cofila/repository/transition.hpp>

#include <array>
#include <cstdint>
#include <string>

/// What a random game of a repository is made of. Each comes from a number alone, so that it can be played again.
namespace cofila::test {

/// Numbers that decide what happens in one step.
using draws = std::array<std::uint32_t, 6>;

class dice {
public:
    explicit dice(std::uint64_t seed) : state_{seed} {}

    draws roll()
    {
        draws out{};
        for (auto& draw : out) {
            state_ = state_ * 6'364'136'223'846'793'005u + 1'442'695'040'888'963'407u;
            draw = static_cast<std::uint32_t>(state_ >> 33);
        }
        return out;
    }

private:
    std::uint64_t state_;
};

job_options some_options(std::uint32_t draw);
std::string some_name(std::uint32_t draw);
/// Short, or longer than a job's row has room for.
std::string some_data(std::uint32_t draw);
transition some_end(const job_snapshot& job, std::uint32_t draw, time_point now);
job_change some_change(std::uint32_t draw);
queue_setting some_setting(std::uint32_t draw);
/// One after which a listing shows no job twice.
job_change some_change_of_many(std::uint32_t draw);
/// More than one.
job_states some_states(std::uint32_t draw);
/// Of one state.
job_filter some_filter(std::uint32_t draw, time_point now);

}  // namespace cofila::test
