// The one thread that may touch a connection, so that the loop never blocks on the disk. `submit` only queues; the
// thread takes everything that waits, runs it as one batch and posts the results, in one post for each executor. What
// arrives during a commit is the next batch. Before it sleeps the thread spins for a moment, as waking it costs more
// than many an operation; after 5 ms without a sleep it pauses, so that other processes get the file. `stop` runs what
// was submitted and joins; later submissions fail with `errc::closed`. When the loop's context is destroyed nothing may
// be posted any more: under the mutex `halted_` is set, busy waits are cut short, the thread is joined, and operations
// whose results were not posted are handed over, to be dropped after all users of the context have let go. After a
// fork() the child has no such thread: there submissions fail, and the object is leaked.
#include "sqlite/database_thread.hpp"

#include <boost/asio/post.hpp>

#include <pthread.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

namespace cofila::sqlite {

namespace asio = boost::asio;

namespace {

/// After this long without a pause, other processes that wait for the file get a gap.
constexpr milliseconds longest_run{5};
constexpr std::chrono::microseconds gap{300};

std::atomic<int> threads_running{0};
/// This process was forked while a database thread was running.
std::atomic<bool> left_behind{false};

void watch_forks()
{
    static const int watching = ::pthread_atfork(nullptr, nullptr, [] { left_behind = threads_running > 0; });
    static_cast<void>(watching);
}

error closed_by_fork()
{
    return {errc::closed, "the process was forked while an engine was open: it may only call exec or _exit"};
}

}  // namespace

std::shared_ptr<database_thread> database_thread::start(options chosen, make_runner make)
{
    if (left_behind)
        throw closed_by_fork();
    return {new database_thread{std::move(chosen), std::move(make)}, [](const database_thread* made) {
                if (!left_behind)
                    delete made;
            }};
}

database_thread::database_thread(options chosen, make_runner make)
    : options_{std::move(chosen)},
      loop_spin_{std::make_shared<loop_spin>(options_.loop, options_.clock, options_.spin)}
{
    watch_forks();
    thread_ = std::thread{[this, make = std::move(make)] { loop(make); }};
    // Only now: if no thread could be started, there is none to halt.
    ++threads_running;
    options_.loop->life()->attach(*this);
}

database_thread::~database_thread()
{
    *options_.hurry = true;
    stop();
    options_.loop->life()->detach(*this);
    --threads_running;
}

void database_thread::submit(operation_ptr what)
{
    if (left_behind) {
        what->fail(closed_by_fork());
        const auto executor = what->executor();
        asio::post(executor, [refused = std::move(what)] { refused->answer(); });
        return;
    }
    loop_spin_->submitted();
    what->note_submitted(options_.clock->steady_now());
    {
        const std::lock_guard lock{mutex_};
        if (!stopping_) {
            waiting_.push_back(std::move(what));
            news_ = true;
            if (waiting_.size() == 1)
                wake_.notify_one();
            return;
        }
    }
    what->fail({errc::closed, "the store has been closed"});
    operations refused;
    refused.push_back(std::move(what));
    answer(std::move(refused));
}

void database_thread::stop()
{
    if (left_behind)
        return;
    {
        const std::lock_guard lock{mutex_};
        stopping_ = true;
        news_ = true;
    }
    wake_.notify_one();
    if (thread_.joinable())
        thread_.join();
}

/// Nothing may be posted any more: ends the thread. Operations without a result never get one.
void database_thread::context_ends(remains& dropped)
{
    if (left_behind)
        return;
    {
        const std::lock_guard lock{mutex_};
        halted_ = true;
    }
    *options_.hurry = true;
    stop();
    dropped.push_back(std::make_shared<operations>(std::move(unanswered_)));
}

void database_thread::loop(make_runner make)
{
    const auto runner = make();
    operations batch;
    auto busy_since = options_.clock->steady_now();
    for (;;) {
        if (batch.empty() && !wait_for_work(busy_since))
            return;
        {
            const std::lock_guard lock{mutex_};
            std::ranges::move(waiting_, std::back_inserter(batch));
            waiting_.clear();
            news_ = stopping_;
        }
        const auto count = static_cast<std::ptrdiff_t>(runner->run(batch));
        operations done{std::move_iterator{batch.begin()}, std::move_iterator{batch.begin() + count}};
        batch.erase(batch.begin(), batch.begin() + count);
        answer(std::move(done));
        give_way(busy_since);
    }
}

/// Returns false if there will be no more.
bool database_thread::wait_for_work(steady_time& busy_since)
{
    spin();
    std::unique_lock lock{mutex_};
    const auto news = [this] { return !waiting_.empty() || stopping_; };
    if (news())
        return !waiting_.empty();  // without a sleep, so other processes had no gap yet
    wake_.wait(lock, news);
    busy_since = options_.clock->steady_now();
    return !waiting_.empty();
}

void database_thread::spin()
{
    if (news_ || options_.spin.count() == 0 || !rule_.worthwhile())
        return;
    const auto until = options_.clock->steady_now() + options_.spin;
    while (!news_ && options_.clock->steady_now() < until)
        std::this_thread::yield();
    rule_.ended(news_);
}

/// Posts once for each executor, however many operations were in the batch.
void database_thread::answer(operations done)
{
    while (!done.empty()) {
        const auto executor = done.front()->executor();
        operations same;
        operations others;
        for (auto& what : done)
            (what->executor() == executor ? same : others).push_back(std::move(what));
        answer_on(executor, std::move(same));
        done = std::move(others);
    }
}

void database_thread::answer_on(const asio::any_io_executor& executor, operations done)
{
    const std::lock_guard lock{mutex_};  // either the post comes before the halt, or there is no post
    if (halted_)
        std::ranges::move(done, std::back_inserter(unanswered_));
    else
        asio::post(executor, [spin = loop_spin_, batch = std::move(done)] {
            for (const auto& what : batch) {
                spin->answered();
                what->answer();
            }
        });
}

void database_thread::give_way(steady_time& busy_since)
{
    if (options_.clock->steady_now() - busy_since < longest_run)
        return;
    connection::sleep(gap);
    busy_since = options_.clock->steady_now();
}

}  // namespace cofila::sqlite
