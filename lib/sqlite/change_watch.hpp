#pragma once
#include <cofila/clock.hpp>
#include <cofila/repository/job_repository.hpp>

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "domain/jitter.hpp"
#include "ports/commit_watch.hpp"
#include "store/database_port.hpp"
#include "store/prospects.hpp"

namespace cofila::sqlite {

/// Reports when another connection has committed to the file. One wait at a time.
class change_watch {
public:
    struct parts {
        std::string path{};
        std::shared_ptr<store::database_port> writer{};
        std::shared_ptr<cofila::clock> clock{};
        std::shared_ptr<commit_watch> watch{};  ///< Null for the system's, on the log of `path`.
        std::uint64_t seed = 0;                 ///< Of the jitter.
    };

    explicit change_watch(parts with) : with_{std::move(with)}, jitter_{with_.seed} {}
    change_watch(const change_watch&) = delete;
    change_watch& operator=(const change_watch&) = delete;
    ~change_watch() { stop_listening(); }

    /// From now on no change is missed.
    static boost::asio::awaitable<void> start(std::shared_ptr<change_watch> self);
    /// See `job_repository::changed_elsewhere`.
    static boost::asio::awaitable<change_news> wait(
        std::shared_ptr<change_watch> self, std::function<change_interest()> wanted
    );
    /// The same for a caller in no hurry: costs one look in each `pause`, however much is written, by us or others.
    static boost::asio::awaitable<change_news> wait_in_no_hurry(
        std::shared_ptr<change_watch> self, std::function<change_interest()> wanted, milliseconds pause
    );
    /// Ends a wait that is under way with `errc::closed`.
    void close();

private:
    /// What one look at the file has shown.
    struct sight {
        std::int64_t version = 0;
        store::prospects::sights queues{};
        std::uint64_t commits = 0;  // our own
        int processes = 0;
        bool failed = false;
    };
    using wanted_function = std::function<change_interest()>;

    static boost::asio::awaitable<sight> read(
        std::shared_ptr<store::database_port> writer, change_interest what, time_point now, bool count
    );

    boost::asio::awaitable<void> next_sign(wanted_function wanted);
    boost::asio::awaitable<std::optional<change_news>> look(wanted_function wanted);
    void start_listening();
    void stop_listening();
    std::chrono::microseconds pause_for_others(const change_interest& what);
    boost::asio::awaitable<bool> written_within(milliseconds time);
    boost::asio::awaitable<bool> nothing_within(milliseconds time);
    boost::asio::awaitable<void> sleep(std::chrono::steady_clock::duration time);
    boost::asio::awaitable<void> written();

    const parts with_;
    std::shared_ptr<commit_watch> watch_{};
    bool listening_ = false;
    bool is_told_ = false;                    // the system notifies us of writes
    std::chrono::microseconds next_pause_{};  // before the next look, if nothing is written
    std::int64_t seen_version_ = 0;
    domain::jitter jitter_;
    std::uint64_t taken_ = 0;
    int fruitless_ = 0;  // looks since a job was last taken
    int processes_ = 1;  // that have workers
    std::uint64_t commits_ = 0;
    store::prospects prospects_{};
    bool closed_ = false;
};

}  // namespace cofila::sqlite
