// Learns of commits by other processes. Each of them sends a notification after it, and the reader's connection
// listens. The notification may come while the reader's thread is busy with that connection, which then counts it in
// the mailbox and wakes us; or while it sleeps, which shows by its socket becoming readable. That is a descriptor of
// our own for the same socket, so that nothing is read here, and the thread may close its connection: then the end of
// the socket wakes us too. Each sign is followed by a look at the queues of interest, on the reader's thread. Only what
// was heard before the look began counts as seen, because its transaction shows no more than that. A new connection may
// have missed some, so it counts as a sign. Behind a pooler nothing is heard: each second is a sign. Looks are 10 ms
// apart at least: signs gather meanwhile.
#include "postgres/change_watch.hpp"

#include <cofila/error.hpp>

#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "async/first_of.hpp"
#include "async/wait_until.hpp"
#include "postgres/session.hpp"

namespace cofila::postgres {

namespace asio = boost::asio;

namespace {

constexpr milliseconds between_looks{10};
constexpr milliseconds between_polls{1'000};

}  // namespace

class change_watch::socket {
public:
    explicit socket(int from) : descriptor{::fcntl(from, F_DUPFD_CLOEXEC, 0)} {}
    socket(const socket&) = delete;
    socket& operator=(const socket&) = delete;
    ~socket() { ::close(descriptor); }

    const int descriptor;
};

asio::awaitable<void> change_watch::start(std::shared_ptr<change_watch> self)
{
    const auto seen = co_await read(self->with_, {}, {});
    self->socket_ = seen.from;
    self->seen_ = seen.heard;
}

asio::awaitable<change_news> change_watch::wait(
    std::shared_ptr<change_watch> self, wanted_function wanted, milliseconds pause
)
{
    for (;;) {
        if (self->closed_)
            throw error{errc::closed, "the store has been closed"};
        if (wanted().nothing())
            co_return change_news{};  // what was heard and not looked into is not lost
        co_await self->next_sign();
        co_await self->gather(pause);
        auto news = co_await self->look(wanted);
        if ((co_await asio::this_coro::cancellation_state).cancelled() != asio::cancellation_type::none) {
            self->seen_ = 0;  // the next call looks again
            throw boost::system::system_error{asio::error::operation_aborted};
        }
        if (news)
            co_return std::move(*news);
    }
}

void change_watch::close()
{
    closed_ = true;
    sign_.set();
}

asio::awaitable<void> change_watch::next_sign()
{
    bool woken = true;
    while (woken && !closed_ && with_.mail->heard == seen_)
        woken = co_await first_of(sign_.wait(), *with_.listens ? readable(socket_) : poll(with_));
}

asio::awaitable<void> change_watch::poll(parts with)
{
    co_await with.clock->sleep_until(later(with.clock->steady_now(), between_polls));
    ++with.mail->heard;
}

/// Registers the socket with the loop only during a wait: the watch may outlive the loop.
asio::awaitable<void> change_watch::readable(std::shared_ptr<socket> from)
{
    struct releasing {
        asio::posix::stream_descriptor on_loop;
        ~releasing() { on_loop.release(); }
    } here{asio::posix::stream_descriptor{co_await asio::this_coro::executor, from->descriptor}};
    co_await here.on_loop.async_wait(asio::posix::stream_descriptor::wait_read, asio::use_awaitable);
}

/// Lets signs gather before a look.
asio::awaitable<void> change_watch::gather(milliseconds pause)
{
    const auto now = with_.clock->steady_now();
    const auto until = std::max(next_look_, later(now, pause));
    if (until > now)
        co_await with_.clock->sleep_until(until);
}

asio::awaitable<change_watch::sight> change_watch::read(parts with, change_interest what, time_point now)
{
    return perform(
        with.reader,
        store::operation::kind::observe,
        [mail = with.mail, what = std::move(what), now](store::tables& db) {
            sight out{
                .from = std::make_shared<socket>(session::of(db).link().socket()),
                .heard = mail->heard,
            };
            for (const auto& queue : what.queues)
                out.queues[queue] = store::claimable(db, queue, now);
            return out;
        }
    );
}

/// Returns unset if there is nothing to report.
asio::awaitable<std::optional<change_news>> change_watch::look(wanted_function wanted)
{
    const auto what = wanted();
    if (what.nothing() || closed_)
        co_return std::nullopt;
    const auto now = with_.clock->wall_now();
    const auto seen = co_await read(with_, what, now);
    next_look_ = later(with_.clock->steady_now(), between_looks);
    socket_ = seen.from;
    if (std::exchange(seen_, seen.heard) == seen.heard)
        co_return std::nullopt;
    const auto since = wanted();
    if (since.any != what.any || since.any_later != what.any_later || since.queues != what.queues)
        co_return change_news{.changed = true};  // callers wait for other changes by now: this look did not cover them
    auto claimable = prospects_.news_of(seen.queues, now);
    if (!what.any && !what.any_later && claimable.empty())
        co_return std::nullopt;
    co_return change_news{.changed = true, .claimable = std::move(claimable)};
}

}  // namespace cofila::postgres
