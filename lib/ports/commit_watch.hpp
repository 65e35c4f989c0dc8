#pragma once
#include <boost/asio/awaitable.hpp>

#include <memory>
#include <string>

namespace cofila {

/// Reports writes to a file by any process. May be early and may come for nothing; a change after the start of the
/// watch is never missed.
class commit_watch {
public:
    virtual ~commit_watch() = default;
    /// The file is watched between `start` and `stop`: the system pays for that with every write, ours too. `start`
    /// returns false if it cannot be watched.
    virtual bool start() = 0;
    virtual void stop() = 0;  ///< Also ends a wait that is under way.
    /// Writes so far have been seen and need not be reported.
    virtual void forget() {}
    /// Completes at the first write since the last completion (or since the start).
    /// Cancellation: terminal, with `operation_aborted`.
    virtual boost::asio::awaitable<void> written() = 0;
};

/// Watches the folder for writes to the file of this name; null if the system has no such service. (inotify on the
/// folder opens neither the database nor its log: closing such a descriptor would drop SQLite's locks.)
std::unique_ptr<commit_watch> make_commit_watch(std::string folder, std::string file_name);

}  // namespace cofila
