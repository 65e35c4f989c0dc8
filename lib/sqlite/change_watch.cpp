// Learns of commits by other connections without polling while nothing is written. The system reports writes to the
// log, but a write comes before its commit is visible, and our own commits write too. So after each sign the file's
// data version, which our own commits do not change, is read at growing intervals (100 us, then four times as long
// each, up to half a second); each look also reads whether the queues of interest have something to claim. Between
// `start_listening` and the first look nothing can be missed: listening always begins before the look, and the version
// last seen is kept across waits. The more often looks are fruitless while no job is taken here, the longer the pause
// before the next one, drawn at random, so that a crowd of idle processes does not look at once. A caller in no hurry
// does not listen during its pause, since the system makes every write pay for that. Where writes are not reported, the
// file is read every 250 ms. A look that cannot check the file counts as a change, so that the caller reads it and
// learns why; `close` ends the wait.
#include "sqlite/change_watch.hpp"

#include <boost/system/system_error.hpp>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "async/first_of.hpp"
#include "domain/patience.hpp"
#include "sqlite/session.hpp"

namespace cofila::sqlite {

namespace asio = boost::asio;

namespace {

/// How often the file is read where the system does not report writes.
constexpr milliseconds slow_poll{250};
/// A write shows before its commit does, which comes when the log has been synced: so looks follow at growing
/// intervals. They go on after a commit was seen, for another one may be under way of which nothing more is written. If
/// a commit was seen, ours or another connection's, it explains the write and the next look can wait longer: only a
/// write that began right after it shows later.
constexpr std::chrono::microseconds first_pause{100};
constexpr std::chrono::microseconds first_pause_after_commit{1'600};
constexpr std::chrono::microseconds first_pause_of_patient{6'400};
constexpr int growth = 4;
constexpr milliseconds last_pause{500};
/// The number of processes hardly changes.
constexpr int looks_between_counts = 32;
/// A caller in no hurry relies on a commit showing within this time of its last write.
constexpr milliseconds longest_patience{1000};

std::int64_t data_version(store::tables& db) { return session::of(db).data_version(); }

int count_processes(session& tx)
{
    return static_cast<int>(
        tx.ask("SELECT count(*) FROM (SELECT DISTINCT boot_id, pid_namespace, pid FROM cofila_workers)")
    );
}

}  // namespace

asio::awaitable<void> change_watch::start(std::shared_ptr<change_watch> self)
{
    const std::filesystem::path path = self->with_.path;
    self->watch_ = self->with_.watch;
    if (!self->watch_)
        self->watch_ = make_commit_watch(path.parent_path().string(), path.filename().string() + "-wal");
    self->seen_version_ = co_await perform(self->with_.writer, store::operation::kind::observe, data_version);
}

asio::awaitable<change_news> change_watch::wait(std::shared_ptr<change_watch> self, wanted_function wanted)
{
    for (;;) {
        if (wanted().nothing()) {
            // A write that was noticed but not looked into is not lost: the next wait begins with a look.
            self->stop_listening();
            co_return change_news{};
        }
        if (!self->listening_)
            self->start_listening();
        else
            co_await self->next_sign(wanted);
        if (auto news = co_await self->look(wanted))
            co_return std::move(*news);
    }
}

/// Does not listen between two looks, since the system makes each write pay for that.
asio::awaitable<change_news> change_watch::wait_in_no_hurry(
    std::shared_ptr<change_watch> self, wanted_function wanted, milliseconds pause
)
{
    for (;;) {
        self->stop_listening();
        co_await self->sleep(pause);
        self->start_listening();
        bool written = false;
        for (auto patience = pause; !written; patience = std::min(2 * patience, longest_patience)) {
            if (wanted().nothing()) {
                self->stop_listening();
                co_return change_news{};
            }
            if (auto news = co_await self->look(wanted))
                co_return std::move(*news);
            auto next = self->is_told_ ? self->written_within(patience) : self->nothing_within(slow_poll);
            written = co_await std::move(next);
        }
    }
}

void change_watch::close()
{
    closed_ = true;
    stop_listening();
}

/// Called before the first look, so that nothing falls between the two. A write may have come before that whose commit
/// is still to come.
void change_watch::start_listening()
{
    listening_ = true;
    is_told_ = watch_ && !closed_ && watch_->start();
    next_pause_ = first_pause;
}

void change_watch::stop_listening()
{
    listening_ = false;
    if (std::exchange(is_told_, false))
        watch_->stop();
}

/// Waits for a write, or for the time of the next look.
asio::awaitable<void> change_watch::next_sign(wanted_function wanted)
{
    if (closed_)
        throw error{errc::closed, "the store has been closed"};
    if (!is_told_)
        co_return co_await sleep(slow_poll);
    if (next_pause_ > last_pause) {
        co_await written();
    } else {
        const auto pause = std::exchange(next_pause_, next_pause_ * growth);
        const bool was_written = co_await first_of(written(), sleep(pause));
        if (!was_written)
            co_return;
    }
    next_pause_ = first_pause;
    const auto patience = pause_for_others(wanted());
    if (patience.count() == 0)
        co_return;
    next_pause_ = std::max(first_pause_of_patient, 2 * patience);
    co_await sleep(patience);
    if (is_told_)
        watch_->forget();
}

std::chrono::microseconds change_watch::pause_for_others(const change_interest& what)
{
    if (std::exchange(taken_, what.taken) != what.taken)
        fruitless_ = 0;
    return what.any ? std::chrono::microseconds{} : domain::pause_before_look(fruitless_, processes_, jitter_.draw());
}

/// Runs on the database thread. Our own commits never change the version. If the file cannot be read any more, the
/// caller that reads it next learns why.
asio::awaitable<change_watch::sight> change_watch::read(
    std::shared_ptr<store::database_port> writer, change_interest what, time_point now, bool count
)
{
    return perform(
        std::move(writer),
        store::operation::kind::observe,
        [what = std::move(what), now, count](store::tables& db) {
            auto& with = session::of(db);
            sight out;
            try {
                const read_transaction reading{with};
                out.version = with.data_version();
                out.commits = with.commits();
                out.processes = count ? count_processes(with) : 0;
                if (count)
                    with.link().shared_by(out.processes);
                for (const auto& queue : what.queues)
                    out.queues[queue] = store::claimable(db, queue, now);
            } catch (const error&) {
                out.failed = true;
            }
            return out;
        }
    );
}

/// Returns unset if there is nothing to report.
asio::awaitable<std::optional<change_news>> change_watch::look(wanted_function wanted)
{
    const auto what = wanted();
    if (what.nothing())
        co_return std::nullopt;
    const bool count = fruitless_ % looks_between_counts == 1;
    const auto now = with_.clock->wall_now();
    const auto seen = co_await read(with_.writer, what, now, count);
    const bool changed = std::exchange(seen_version_, seen.version) != seen.version;
    const bool committed = std::exchange(commits_, seen.commits) != seen.commits;
    if (changed || committed)
        next_pause_ = std::max<std::chrono::microseconds>(next_pause_, first_pause_after_commit);
    if (count)
        processes_ = seen.processes;
    if (!changed)
        co_return std::nullopt;
    ++fruitless_;
    const auto since = wanted();
    if (seen.failed || since.any != what.any || since.any_later != what.any_later || since.queues != what.queues)
        co_return change_news{.changed = true};  // callers wait for other changes by now: this look did not cover them
    auto claimable = prospects_.news_of(seen.queues, now);
    if (!what.any && !what.any_later && claimable.empty())
        co_return std::nullopt;
    co_return change_news{.changed = true, .claimable = std::move(claimable)};
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
