#pragma once
#include <cofila/clock.hpp>
#include <cofila/durability.hpp>

#include <SQLiteCpp/Database.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "async/wait_until.hpp"
#include "domain/jitter.hpp"

namespace cofila::sqlite {

struct connection_options {
    std::string path{};
    cofila::durability durability = cofila::durability::full;
    milliseconds operation_deadline{};
    std::shared_ptr<cofila::clock> clock{};
    bool read_only = false;
    bool immutable = false;     ///< The file never changes: SQLite neither locks it nor looks at what is beside it.
    std::uint64_t reserve = 0;  ///< Bytes to keep for a full disk, see `reserve`.
    std::shared_ptr<const std::atomic<bool>> hurry{};  ///< True to give up waiting for a busy file. May be null.
    std::uint64_t seed = 0;                            ///< Of the jitter, so that not all processes wait alike.
};

/// The gap that other processes get after a long time without a pause.
inline constexpr std::chrono::microseconds gap_for_others{300};

/// One SQLite connection with the settings that sharing a file needs: it waits for other processes in short steps until
/// a deadline, and never checkpoints while another connection is open. Used by one thread. Its address must not change,
/// since SQLite calls it back.
class connection {
public:
    explicit connection(connection_options options);
    connection(const connection&) = delete;
    connection& operator=(const connection&) = delete;

    SQLite::Database& db() noexcept { return db_; }
    sqlite3* handle() const noexcept { return db_.getHandle(); }
    const std::string& path() const noexcept { return options_.path; }

    /// Waits for a busy file until `operation_deadline` from now.
    void restart_deadline() { give_up_waiting_after(options_.operation_deadline); }
    void give_up_waiting_after(milliseconds wait) { deadline_ = later(options_.clock->steady_now(), wait); }
    class time_limit;

    /// Waits a moment, as for a busy file. Returns false if the deadline is over. `attempt` is 0 for the first of a
    /// series.
    bool wait_for_others(int attempt);
    /// The number of processes that share the file, as far as is known: the more there are, the longer each pauses.
    void shared_by(int processes) { sharers_ = processes; }

    /// Frames in the write-ahead log after this connection's last commit.
    int log_frames() const noexcept { return log_frames_; }
    /// Within a transaction: differs from the value after the last commit if another connection has committed since.
    unsigned data_version() const noexcept;
    /// Within a transaction that may write: whether its commit begins the log anew, since all of it has been copied.
    bool begins_log_anew() const noexcept;
    /// Rows that this connection has changed so far.
    int changes() const noexcept { return db_.getTotalChanges(); }
    /// True while a transaction is open: after an error SQLite may have rolled it back itself.
    bool in_transaction() const noexcept;

    /// For a file whose name another one has by now: leaves the log, which has the same name, untouched at the end.
    void leave_log();

    /// Blocks this thread. Through SQLite's own file layer, so that a simulation sees it.
    static void sleep(std::chrono::microseconds time);

private:
    static int on_busy(void* self, int attempt);
    static int on_progress(void* self);
    static int on_commit(void* self, sqlite3*, const char*, int frames);

    const connection_options options_;
    SQLite::Database db_;
    steady_time deadline_{};
    steady_time waits_since_{};
    int sharers_ = 1;
    domain::jitter jitter_;
    steady_time statements_end_ = steady_time::max();
    int log_frames_ = 0;
};

/// While it lives, waiting for a busy file and running a statement (SQLITE_INTERRUPT) are given up `operation_deadline`
/// after its construction, whatever a crafted file has a statement do. One at a time.
class connection::time_limit {
public:
    explicit time_limit(connection& of) : time_limit{of, of.options_.operation_deadline, of.options_.operation_deadline}
    {}
    /// With times of its own.
    time_limit(connection& of, milliseconds waiting, milliseconds running) : of_{of}
    {
        const auto now = of_.options_.clock->steady_now();
        of_.deadline_ = later(now, waiting);
        of_.statements_end_ = later(now, running);
    }
    time_limit(const time_limit&) = delete;
    time_limit& operator=(const time_limit&) = delete;
    ~time_limit() { of_.statements_end_ = steady_time::max(); }

private:
    connection& of_;
};

}  // namespace cofila::sqlite
