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

/// Where the system cannot tell of writes, the file is asked this often.
constexpr milliseconds slow_poll{250};
/// A write shows before its commit does, which comes when the log has been synced: looked for at growing intervals.
/// Also after a commit was seen, for another one may be under way, of which nothing more is written. Where we have
/// committed ourselves, or somebody has, that is what was written, but for somebody who began to write right after.
constexpr std::chrono::microseconds first_pause{100};
constexpr std::chrono::microseconds first_pause_after_commit{1'600};
constexpr std::chrono::microseconds first_pause_of_patient{6'400};
constexpr int growth = 4;
constexpr milliseconds last_pause{500};
/// The number of processes hardly changes.
constexpr int looks_between_counts = 32;
/// As many jobs as no process has room for.
constexpr std::size_t everybody = 1'000'000;
/// A caller in no hurry counts on it that a commit shows so long after its last write.
constexpr milliseconds longest_patience{1000};

std::int64_t data_version(session& with) { return with.data_version(); }

int count_processes(session& with)
{
    return static_cast<int>(
        with.ask("SELECT count(*) FROM (SELECT DISTINCT boot_id, pid_namespace, pid FROM cofila_workers)")
    );
}

}  // namespace

asio::awaitable<void> change_watch::start(std::shared_ptr<change_watch> self)
{
    const std::filesystem::path path = self->with_.path;
    self->watch_ = self->with_.watch;
    if (!self->watch_)
        self->watch_ = make_commit_watch(path.parent_path().string(), path.filename().string() + "-wal");
    self->seen_version_ = co_await perform(self->with_.writer, operation::kind::observe, data_version);
}

asio::awaitable<change_news> change_watch::wait(std::shared_ptr<change_watch> self, wanted_function wanted)
{
    for (;;) {
        if (wanted().nothing()) {
            self->stop_listening();  // a write that was noticed, but not looked into, is not forgotten: see below
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

/// Between two looks nothing is listened to: the system makes each write pay for that.
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

/// Before the first look, so that nothing falls between the two. Somebody may have written before that, and not have
/// committed yet.
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

/// A write, or the time for another look.
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

/// On the database thread. Our own commits never change the version. Where the file cannot be read any more, whoever
/// asks it is told why.
asio::awaitable<change_watch::sight> change_watch::read(
    std::shared_ptr<database_port> writer, change_interest what, time_point now, bool count
)
{
    return perform(std::move(writer), operation::kind::observe, [what = std::move(what), now, count](session& with) {
        sight out;
        try {
            const read_transaction reading{with};
            out.version = data_version(with);
            out.commits = with.commits();
            out.processes = count ? count_processes(with) : 0;
            for (const auto& queue : what.queues)
                out.queues[queue] = claimable(with, queue, now);
        } catch (const error&) {
            out.failed = true;
        }
        return out;
    });
}

/// Nothing: there is nothing to tell.
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
        co_return change_news{.changed = true};  // it was not what they wait for that was looked at
    auto claimable = news_of(seen, now);
    if (!what.any && !what.any_later && claimable.empty())
        co_return std::nullopt;
    co_return change_news{.changed = true, .claimable = std::move(claimable)};
}

std::vector<change_news::claimable_jobs> change_watch::news_of(const sight& seen, time_point now)
{
    std::vector<change_news::claimable_jobs> out;
    for (const auto& [queue, found] : seen.queues)
        if (const auto jobs = is_news(queue, found.next, now) ? everybody : found.jobs; jobs > 0)
            out.push_back({.queue = queue, .jobs = jobs});
    return out;
}

/// A date that no worker which idles can know: each has to ask for it.
bool change_watch::is_news(const std::string& queue, const std::optional<time_point>& date, time_point now)
{
    auto& told = dates_[queue];
    if (!date || *date <= now || (told && now < *told && *told <= *date))
        return false;
    told = date;
    return true;
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
