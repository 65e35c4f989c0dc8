#pragma once
#include <cofila/job_state.hpp>

namespace cofila::test {

inline constexpr job_state all_states[] = {
    job_state::waiting, job_state::delayed, job_state::active, job_state::completed, job_state::failed
};

}  // namespace cofila::test
