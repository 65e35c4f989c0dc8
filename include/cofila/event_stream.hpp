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
    /// Behind the event of this number; 0: with the oldest that is kept. Default: with the first that happens after
    /// `open`.
    std::optional<std::uint64_t> after{};
    /// A name under which the store keeps the place: see `event_stream::save`. Where it keeps one already, the stream
    /// starts there, whatever `after` says. 1 to 200 bytes of UTF-8 without control characters; empty: none.
    std::string name{};
};

struct stream_event {
    logged_event event{};
    /// So many events before this one were dropped from the log before they could be read.
    std::uint64_t missed = 0;
};

/// Reads the event log of a queue (see `queue::set_event_log`): what happens to its jobs through this and every other
/// process, in the order of the commits. A cheap, copyable handle; all copies are one reader.
///
/// Thread: any; awaitables may be awaited on any executor (see `engine`). Errors: those of `queue`; `errc::wrong_state`
/// where the queue keeps no events, and where another call on this stream is under way.
class event_stream {
public:
    template <class T>
    using awaitable = boost::asio::awaitable<T>;

    event_stream() = default;  ///< Refers to no stream and must not be used.
    explicit event_stream(detail::stream_ptr core) : core_{std::move(core)} {}

    /// Finds out where to start, which `next` does too if this was not called. `errc::invalid_argument`, field `after`,
    /// for a number that was not given yet.
    awaitable<void> open() const { return detail::open(core_); }
    /// The next event, as soon as there is one. Cancellation: terminal, with `operation_aborted`; no event is lost.
    awaitable<stream_event> next() const { return detail::next(core_); }
    /// Keeps the place under the stream's name: another one of this name goes on behind the event that `next` answered
    /// last. What was answered since the last `save` is answered again after a crash. `errc::invalid_argument`, field
    /// `name`, for a stream without one.
    awaitable<void> save() const { return detail::save(core_); }

private:
    detail::stream_ptr core_{};
};

}  // namespace cofila
