#pragma once
#include <cofila/detail/compiler.hpp>

#include <initializer_list>
#include <iosfwd>
#include <optional>
#include <string_view>

namespace cofila {

/// The state of a job. The numbers are part of the stored format: never change them.
enum class job_state {
    waiting = 0,           ///< May be claimed by any worker.
    delayed = 1,           ///< Waits until it is due.
    active = 2,            ///< Locked by a worker that runs it.
    waiting_children = 3,  ///< Reserved for flows; no job enters this state yet.
    completed = 4,         ///< Its processor returned; final.
    failed = 5,  ///< Its attempts or rescues are used up, or it was cancelled, has expired or cannot be run; final.
};

std::string_view to_string(job_state state) noexcept;
std::ostream& operator<<(std::ostream& out, job_state state);

constexpr bool is_finished(job_state state) noexcept
{
    return state == job_state::completed || state == job_state::failed;
}

/// A set of states, made from one or several: `.state = job_state::failed`,
/// `.state = {job_state::waiting, job_state::delayed}`.
class job_states {
public:
    constexpr job_states() = default;  ///< The empty set.
    constexpr job_states(job_state one) : bits_{bit(one)} {}
    constexpr job_states(std::optional<job_state> one) : bits_{one ? bit(*one) : 0} {}
    constexpr job_states(std::initializer_list<job_state> some)
    {
        for (const auto one : some)
            bits_ |= bit(one);
    }

    constexpr bool empty() const noexcept { return bits_ == 0; }
    constexpr bool contains(job_state one) const noexcept { return (bits_ & bit(one)) != 0; }
    /// Returns true if the set was made from a value that is no state.
    constexpr bool has_unknown() const noexcept { return (bits_ & unknown) != 0; }

    friend constexpr bool operator==(job_states, job_states) = default;

private:
    static constexpr unsigned unknown = 1u << 31;

    static constexpr unsigned bit(job_state one) noexcept
    {
        return one >= job_state::waiting && one <= job_state::failed ? 1u << static_cast<unsigned>(one) : unknown;
    }

    unsigned bits_ = 0;
};

}  // namespace cofila
