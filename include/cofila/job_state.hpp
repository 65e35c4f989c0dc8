#pragma once
#include <cofila/detail/compiler.hpp>

#include <iosfwd>
#include <string_view>

namespace cofila {

/// Where a job is in its life. The numbers are part of the stored format: never change them.
enum class job_state {
    waiting = 0,           ///< May be claimed by any worker.
    delayed = 1,           ///< Waits for its time.
    active = 2,            ///< Locked by a worker that runs it.
    waiting_children = 3,  ///< Kept for flows; nothing enters this state yet.
    completed = 4,         ///< Its processor returned; final.
    failed = 5,  ///< Its attempts or rescues are used up, or it was cancelled, has expired or cannot be run; final.
};

std::string_view to_string(job_state state) noexcept;
std::ostream& operator<<(std::ostream& out, job_state state);

constexpr bool is_finished(job_state state) noexcept
{
    return state == job_state::completed || state == job_state::failed;
}

}  // namespace cofila
