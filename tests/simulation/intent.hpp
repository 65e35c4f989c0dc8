#pragma once
#include <cofila/time.hpp>

#include <cstddef>
#include <set>
#include <string>

namespace cofila::sim {

/// What an operation was asked to do: what it may change is judged by this.
struct intent {
    enum class kind { other, add, settle, renew, touch, pause, remove, retry, promote, sweep };

    kind what = kind::other;
    int node = 0;
    time_point now{};                ///< The caller's wall clock.
    std::set<std::string> ids{};     ///< Jobs that are named: added, removed, retried, promoted, touched.
    std::set<std::string> tokens{};  ///< Locks that are presented, to be given up or renewed or taken away.
    std::set<std::string> claims{};  ///< Tokens for jobs that may be taken.
};

}  // namespace cofila::sim
