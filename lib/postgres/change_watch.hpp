#pragma once
#include <cofila/clock.hpp>
#include <cofila/repository/job_repository.hpp>

#include <boost/asio/awaitable.hpp>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "async/event.hpp"
#include "postgres/mailbox.hpp"
#include "store/database_port.hpp"
#include "store/prospects.hpp"

namespace cofila::postgres {

/// Reports when another process has committed. One wait at a time.
class change_watch {
public:
    struct parts {
        loop_ptr loop{};
        std::shared_ptr<store::database_port> reader{};
        std::shared_ptr<cofila::clock> clock{};
        std::shared_ptr<mailbox> mail{};
        std::shared_ptr<const std::atomic<bool>> listens{};  ///< False: the server cannot reach us, so we look often.
    };

    explicit change_watch(parts with) : with_{std::move(with)}, sign_{with_.loop} {}

    /// From now on no change is missed.
    static boost::asio::awaitable<void> start(std::shared_ptr<change_watch> self);
    /// See `job_repository::changed_elsewhere`.
    static boost::asio::awaitable<change_news> wait(
        std::shared_ptr<change_watch> self, std::function<change_interest()> wanted, milliseconds pause
    );
    /// Ends a wait that is under way with `errc::closed`.
    void close();
    /// Has a wait compare again what was heard.
    void wake() { sign_.set(); }

private:
    /// A descriptor of ours for the reader's socket: the connection may be closed on another thread.
    class socket;
    struct sight {
        std::shared_ptr<socket> from{};
        std::uint64_t heard = 0;
        store::prospects::sights queues{};
    };
    using wanted_function = std::function<change_interest()>;

    boost::asio::awaitable<void> next_sign();
    boost::asio::awaitable<void> gather(milliseconds pause);
    boost::asio::awaitable<std::optional<change_news>> look(wanted_function wanted);
    static boost::asio::awaitable<void> poll(parts with);
    static boost::asio::awaitable<void> readable(std::shared_ptr<socket> from);
    static boost::asio::awaitable<sight> read(parts with, change_interest what, time_point now);

    const parts with_;
    event sign_;
    std::shared_ptr<socket> socket_{};
    std::uint64_t seen_ = 0;  // of what was heard
    steady_time next_look_{};
    store::prospects prospects_{};
    bool closed_ = false;
};

}  // namespace cofila::postgres
