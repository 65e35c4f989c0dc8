#include "sqlite/change_watch.hpp"

#include <boost/system/system_error.hpp>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "async/first_of.hpp"
#include "sqlite/session.hpp"

namespace cofila::sqlite {

namespace asio = boost::asio;

namespace {

/// Where the system cannot tell of writes, the file is asked this often.
constexpr milliseconds slow_poll{250};
/// A write shows before its commit does, which comes when the log has been synced: asked for at growing intervals.
constexpr int most_reads = 20;
constexpr std::chrono::microseconds first_pause{100};
constexpr milliseconds last_pause{50};
/// Who is in no hurry counts on it that a commit shows so long after its last write.
constexpr milliseconds longest_patience{1000};

asio::awaitable<std::int64_t> data_version(std::shared_ptr<database_port> writer)
{
    return perform(std::move(writer), operation::kind::observe, [](session& with) {
        auto row = with.sql().query("PRAGMA data_version");
        return row.step() ? row.number(0) : 0;
    });
}

}  // namespace

class change_watch::listening {
public:
    explicit listening(commit_watch* watch) : watch_{watch && watch->start() ? watch : nullptr} {}
    listening(const listening&) = delete;
    listening& operator=(const listening&) = delete;
    ~listening()
    {
        if (watch_)
            watch_->stop();
    }

    explicit operator bool() const { return watch_ != nullptr; }

private:
    commit_watch* const watch_;
};

asio::awaitable<void> change_watch::start(std::shared_ptr<change_watch> self)
{
    const std::filesystem::path path = self->with_.path;
    self->watch_ = self->with_.watch;
    if (!self->watch_)
        self->watch_ =
            make_commit_watch(self->with_.executor, path.parent_path().string(), path.filename().string() + "-wal");
    self->seen_version_ = co_await data_version(self->with_.writer);
}

asio::awaitable<bool> change_watch::wait(std::shared_ptr<change_watch> self, std::function<bool()> wanted)
{
    const listening watch{self->watch_.get()};  // before the first look, so that nothing falls between the two
    while (wanted()) {
        // At first, too: somebody may have written before the watch began, and not have committed yet.
        auto look = watch ? self->version_changes_soon(wanted) : self->version_changes();
        const bool changed = co_await std::move(look);
        if (changed || !wanted())  // else a write that was noticed, but not looked into, would be forgotten
            co_return changed;
        auto next = watch ? self->written() : self->sleep(slow_poll);
        co_await std::move(next);
    }
    co_return false;
}

/// Between two looks nothing is listened to: the system makes each write pay for that.
asio::awaitable<bool> change_watch::wait_in_no_hurry(
    std::shared_ptr<change_watch> self, std::function<bool()> wanted, milliseconds pause
)
{
    for (;;) {
        co_await self->sleep(pause);
        const listening watch{self->watch_.get()};
        bool written = false;
        for (auto patience = pause; !written; patience = std::min(2 * patience, longest_patience)) {
            if (!wanted())
                co_return false;
            const bool changed = co_await self->version_changes();
            if (changed)
                co_return true;
            auto next = watch ? self->written_within(patience) : self->nothing_within(slow_poll);
            written = co_await std::move(next);
        }
    }
}

void change_watch::close()
{
    closed_ = true;
    if (watch_)
        watch_->stop();
}

/// Our own commits never change it.
asio::awaitable<bool> change_watch::version_changes()
{
    const auto now = co_await data_version(with_.writer);
    co_return std::exchange(seen_version_, now) != now;
}

/// What is written meanwhile begins the intervals anew: it may be the commit that is waited for, and it need not be
/// ours.
asio::awaitable<bool> change_watch::version_changes_soon(std::function<bool()> wanted)
{
    std::chrono::steady_clock::duration pause = first_pause;
    for (int reads = 0; reads < most_reads && wanted(); ++reads) {
        const bool changed = co_await version_changes();
        if (changed)
            co_return true;
        const bool written_again = co_await first_of(written(), sleep(pause));
        pause = std::min<std::chrono::steady_clock::duration>(pause * 2, last_pause);
        if (written_again) {
            pause = first_pause;
            reads = 0;
        }
    }
    co_return false;
}

asio::awaitable<bool> change_watch::written_within(milliseconds time)
{
    if (time < longest_patience)
        co_return co_await first_of(written(), sleep(time));
    co_await written();
    co_return true;
}

asio::awaitable<bool> change_watch::nothing_within(milliseconds time)
{
    co_await sleep(time);
    co_return false;
}

asio::awaitable<void> change_watch::sleep(std::chrono::steady_clock::duration time)
{
    return with_.clock->sleep_until(with_.clock->steady_now() + time);
}

asio::awaitable<void> change_watch::written()
{
    std::exception_ptr ended;
    try {
        if (!closed_)
            co_await watch_->written();
    } catch (...) {
        ended = std::current_exception();
    }
    if (closed_)
        throw error{errc::closed, "the store has been closed"};
    if (ended)
        std::rethrow_exception(ended);
}

}  // namespace cofila::sqlite
