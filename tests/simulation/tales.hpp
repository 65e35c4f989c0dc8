#pragma once
#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cofila::sim {

/// What a process may tell in the events of its queues.
#define SIM_TALES(X)                                                                                                   \
    X(added)                                                                                                           \
    X(waiting)                                                                                                         \
    X(delayed)                                                                                                         \
    X(active)                                                                                                          \
    X(progress)                                                                                                        \
    X(log)                                                                                                             \
    X(completed)                                                                                                       \
    X(failed)                                                                                                          \
    X(retrying)                                                                                                        \
    X(retries_exhausted)                                                                                               \
    X(stalled)                                                                                                         \
    X(released)                                                                                                        \
    X(duplicated)                                                                                                      \
    X(removed)                                                                                                         \
    X(cleaned)                                                                                                         \
    X(drained)                                                                                                         \
    X(paused)                                                                                                          \
    X(resumed)

enum class tale {
#define SIM_NAME(name) name,
    SIM_TALES(SIM_NAME)
#undef SIM_NAME
};

std::string_view to_string(tale what);

/// The events that each process must emit, once and in the order of its commits, and those that it has emitted.
class tales {
public:
    enum class duty {
        certain,  ///< It has to be told.
        swept,    ///< The same, but a closing process emits nothing about what a sweep did.
        unknown,  ///< Whoever asked for it was told that its outcome is unknown: it may be told, and late.
    };

    /// `about`: a job's id, or a queue's name. No job of a simulation has a queue's name.
    void owe(int node, const std::string& about, tale what, duty how);
    /// False: it is not this that is to be told next.
    bool tell(int node, const std::string& about, tale what);
    /// The process has begun to close.
    void leave(int node);
    /// What it has not told and had to; empty: nothing.
    std::string missing(int node) const;

private:
    struct owed {
        tale what;
        duty how;
        bool told = false;
    };
    struct story {
        std::vector<owed> all{};
        std::size_t told = 0;  ///< What has to be told up to here is told.
    };

    std::map<std::pair<int, std::string>, story> stories_{};
    std::set<int> leaving_{};
};

}  // namespace cofila::sim
