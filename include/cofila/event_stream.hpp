#pragma once
#include <cofila/detail/core.hpp>
#include <cofila/event_log.hpp>

#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace cofila {

/// Where a stream starts.
struct stream_options {
    /// Starts behind the event with this number; 0 starts with the oldest one that is kept. Default: starts with the
    /// first event after `open`.
    std::optional<std::uint64_t> after{};
    /// The name under which the store keeps the stream's place: see `event_stream::save`. If the store already has a
    /// place under this name, the stream starts there, whatever `after` says. 1 to 200 bytes of UTF-8 without control
    /// characters. Default (empty): no place is kept.
    std::string name{};
};

struct stream_event {
    logged_event event{};
    /// How many events before this one were dropped from the log before they could be read.
    std::uint64_t missed = 0;
};

/// Reads the event log of a queue (see `queue::set_event_log`): what happens to its jobs through this and every other
/// process, in commit order. A cheap, copyable handle; all copies are one reader.
///
/// If the queue is obliterated, its log ends: the stream returns what it has read, then throws `errc::wrong_state`
/// until events are kept again, and goes on with the first event that the next log keeps. Its numbers begin at 1 again.
///
/// Thread: any; awaitables may be awaited on any executor (see `engine`). Errors: those of `queue`, and
/// `errc::wrong_state` if the queue keeps no events or another call on this stream is under way.
class event_stream {
public:
    template <class T>
    using awaitable = boost::asio::awaitable<T>;

    event_stream() = default;  ///< Refers to no stream and must not be used.
    explicit event_stream(detail::stream_ptr core) : core_{std::move(core)} {}

    /// Determines where to start; `next` does so too if this was not called. Throws `errc::invalid_argument`, field
    /// `after`, for a number that no event has yet.
    awaitable<void> open() const { return detail::open(core_); }
    /// Waits for the next event and returns it. Cancellation: terminal, throws `operation_aborted`; no event is lost.
    awaitable<stream_event> next() const { return detail::next(core_); }
    /// Stores the place under the stream's name: another stream of this name continues behind the event that `next`
    /// returned last. After a crash, the events returned since the last `save` are returned again. Throws
    /// `errc::invalid_argument`, field `name`, for a stream without a name.
    awaitable<void> save() const { return detail::save(core_); }

private:
    detail::stream_ptr core_{};
};

}  // namespace cofila
