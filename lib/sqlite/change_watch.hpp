#pragma once
#include <cofila/clock.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "ports/commit_watch.hpp"
#include "sqlite/database_port.hpp"

namespace cofila::sqlite {

/// Tells when somebody else has committed to the file. One wait at a time.
class change_watch {
public:
    struct parts {
        std::string path{};
        std::shared_ptr<database_port> writer{};
        std::shared_ptr<cofila::clock> clock{};
        boost::asio::any_io_executor executor{};
        std::shared_ptr<commit_watch> watch{};  ///< Null: the system's, for the log of the file at `path`.
    };

    explicit change_watch(parts with) : with_{std::move(with)} {}

    /// From here on no change is missed.
    static boost::asio::awaitable<void> start(std::shared_ptr<change_watch> self);
    /// True when there was a change since the last one that was told of, or since the start. False when `wanted` said
    /// no, which it is asked before each look at the file. Cancellation: terminal, with `operation_aborted`.
    static boost::asio::awaitable<bool> wait(std::shared_ptr<change_watch> self, std::function<bool()> wanted);
    /// The same at the price of a look in each `pause`, however much is written, by us too.
    static boost::asio::awaitable<bool> wait_in_no_hurry(
        std::shared_ptr<change_watch> self, std::function<bool()> wanted, milliseconds pause
    );
    /// A wait that is under way ends with `errc::closed`.
    void close();

private:
    class listening;

    boost::asio::awaitable<bool> version_changes();
    boost::asio::awaitable<bool> version_changes_soon(std::function<bool()> wanted);
    boost::asio::awaitable<bool> written_within(milliseconds time);
    boost::asio::awaitable<bool> nothing_within(milliseconds time);
    boost::asio::awaitable<void> sleep(std::chrono::steady_clock::duration time);
    boost::asio::awaitable<void> written();

    const parts with_;
    std::shared_ptr<commit_watch> watch_{};
    std::int64_t seen_version_ = 0;
    bool closed_ = false;
};

}  // namespace cofila::sqlite
