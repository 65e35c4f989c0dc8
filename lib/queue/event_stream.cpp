// Reads the event log of a queue in order, from any process. A stream has one place: the number of the event that the
// caller got last. It starts at the saved cursor, else at the option `after`, else behind the newest event; events are
// read in pages, and if there is none the call waits for a sign of a change, registered before it reads, so that no
// event falls between. Numbers have no gaps, so a jump says how many events were dropped before they could be read. An
// event is left in the page until the next call knows that the caller got it: `next` sets `taken` only after the way
// back to the caller's executor, and not if the caller was cancelled meanwhile, so that a cancelled call loses nothing.
// An obliterated queue numbers its events anew, in another log: after each page the log is asked for its number, and
// a page of another one than before is read again from its beginning. A second call at the same time is refused.
#include <cofila/detail/on_loop.hpp>
#include <cofila/event_stream.hpp>

#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>
#include <atomic>
#include <deque>
#include <iterator>
#include <utility>

#include "async/wait_until.hpp"
#include "domain/validation.hpp"
#include "queue/queue_core.hpp"
#include "runtime/attached.hpp"

/// Reading the event log of a queue.
namespace cofila::detail {

namespace asio = boost::asio;

class stream_core {
public:
    stream_core(queue_ptr of, stream_options chosen) : queue{std::move(of)}, options{std::move(chosen)} {}

    const queue_ptr queue;
    const stream_options options;
    bool in_use = false;
    std::optional<std::uint64_t> place{};  ///< The number of the event returned last; unset before the stream is open.
    std::uint64_t log = 0;                 ///< The log in which it is.
    std::deque<logged_event> read{};       ///< Not returned yet, except the first one if it was `taken`.
    /// The caller has got the first of them: set on its executor, and read by the next call.
    std::atomic<bool> taken{false};

    void leave_taken()
    {
        if (!taken.exchange(false))
            return;
        place = read.front().sequence;
        read.pop_front();
    }
};

namespace {

/// Events that are read at once.
constexpr int page_size = 100;

/// Refuses a second call at once: both would share the stream's place.
class only_call {
public:
    explicit only_call(stream_ptr stream) : stream_{std::move(stream)}
    {
        if (stream_->in_use)
            throw error{errc::wrong_state, "another call on this event stream is under way: await it first"};
        stream_->in_use = true;
        stream_->leave_taken();
    }
    only_call(const only_call&) = delete;
    only_call& operator=(const only_call&) = delete;
    ~only_call() { stream_->in_use = false; }

private:
    const stream_ptr stream_;
};

/// Throws `errc::wrong_state` if no events are kept.
asio::awaitable<event_log_state> state_of(stream_ptr stream)
{
    auto& queue = *stream->queue;
    queue.check_open();
    auto state = co_await queue.ports->repository->event_log_of(queue.name, stream->options.name);
    if (!state.events)
        throw error{
            errc::wrong_state,
            "queue '" + queue.name + "' keeps no events; let it, by set_event_log, before they happen"
        };
    co_return state;
}

asio::awaitable<void> find_place(stream_ptr stream)
{
    if (stream->place)
        co_return;
    const auto state = co_await state_of(stream);
    const auto after = stream->options.after.value_or(state.last);
    if (!state.cursor && after > state.last)
        throw error{
            errc::invalid_argument,
            "after",
            "must be at most " + std::to_string(state.last) + ", the number of the latest event"
        };
    const auto place = state.cursor.value_or(after);
    stream->place = place <= state.last ? place : 0;  // else it was saved in a log that has ended
    stream->log = state.log;
}

/// Reads the next page, which is empty if there are no events yet.
asio::awaitable<void> read_more(stream_ptr stream)
{
    auto& queue = *stream->queue;
    for (;;) {
        auto events = co_await queue.ports->repository->events_after(queue.name, *stream->place, page_size);
        const auto state = co_await state_of(stream);
        if (state.log == stream->log) {
            std::ranges::move(events, std::back_inserter(stream->read));
            co_return;
        }
        stream->log = state.log;
        stream->place = 0;
    }
}

}  // namespace

stream_ptr make_stream(queue_ptr queue, stream_options options)
{
    queue->check_open();
    if (!options.name.empty())
        domain::check_name("name", options.name);
    return std::make_shared<stream_core>(std::move(queue), std::move(options));
}

namespace {

asio::awaitable<void> open_here(stream_ptr stream)
{
    const only_call guard{stream};
    co_await find_place(stream);
}

/// Leaves the event in the page: the caller may be gone when it arrives.
asio::awaitable<stream_event> find_next(stream_ptr stream)
{
    const only_call guard{stream};
    auto& queue = *stream->queue;
    queue.check_open();
    attached<queue_core, event_watch> wake{stream->queue, queue.ports->loop};
    co_await find_place(stream);
    while (stream->read.empty()) {
        co_await read_more(stream);
        if (!stream->read.empty())
            break;
        queue.ports->worker_idle.set();
        const auto& time = queue.ports->time;
        co_await wait_until(*wake, time, later(time->steady_now(), longest_sleep));
        queue.check_open();
    }
    const auto& found = stream->read.front();
    co_return stream_event{.event = found, .missed = found.sequence - *stream->place - 1};
}

asio::awaitable<void> save_here(stream_ptr stream)
{
    const only_call guard{stream};
    auto& queue = *stream->queue;
    queue.check_open();
    if (stream->options.name.empty())
        throw error{errc::invalid_argument, "name", "is empty: only a stream with a name keeps its place"};
    co_await find_place(stream);
    const auto state = co_await state_of(stream);
    // A place in a log that has ended is the beginning of the next one.
    const auto place = state.log == stream->log ? *stream->place : 0;
    co_await queue.ports->repository->set_event_cursor(queue.name, stream->options.name, place);
}

}  // namespace

asio::awaitable<void> open(stream_ptr stream) { return at_home(stream->queue, open_here(stream)); }

asio::awaitable<stream_event> next(stream_ptr stream)
{
    auto found = co_await at_home(stream->queue, find_next(stream));
    // What is returned to a caller that was cancelled meanwhile may be dropped: then the event stays.
    if ((co_await asio::this_coro::cancellation_state).cancelled() != asio::cancellation_type::none)
        throw boost::system::system_error{asio::error::operation_aborted};
    stream->taken = true;
    co_return found;
}

asio::awaitable<void> save(stream_ptr stream) { return at_home(stream->queue, save_here(stream)); }

}  // namespace cofila::detail
