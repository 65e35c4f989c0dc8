// The one thread that may touch a connection, so that the loop never blocks on the store. `submit` only queues; the
// thread takes everything that waits, runs it as one batch and posts the results, in one post for each executor. What
// arrives during a commit is the next batch. Before it sleeps the thread spins for a moment, as waking it costs more
// than many an operation; after 5 ms without a sleep it pauses, so that other processes get the store. While the thread
// is at rest it may lend its runner: a short operation, submitted while no other is under way, then runs where it was
// submitted, which spares both threads the way to each other. The mutex hands the runner over and back; the borrower
// posts the answer as the thread does, and what it could not do at once goes the usual way. Many producers never
// borrow: each finds the operation of another under way, so that theirs are batched. `stop` runs what was submitted and
// joins; later submissions fail with `errc::closed`. When the loop's context is destroyed nothing may
// be posted any more: under the mutex `halted_` is set, busy waits are cut short, the thread is joined, and operations
// whose results were not posted are handed over, to be dropped after all users of the context have let go. After a
// fork() the child has no such thread: there submissions fail, and the object is leaked.
#include "store/database_thread.hpp"

#include <boost/asio/post.hpp>

#include <pthread.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

namespace cofila::store {

namespace asio = boost::asio;

namespace {

/// After this long without a pause, other processes that wait for the store get a gap.
constexpr milliseconds longest_run{5};
/// A pause of this length is a gap for them.
constexpr std::chrono::microseconds usual_gap{300};

std::atomic<int> threads_running{0};
/// This process was forked while a database thread was running.
std::atomic<bool> left_behind{false};

void watch_forks()
{
    static const int watching = ::pthread_atfork(nullptr, nullptr, [] { left_behind = threads_running > 0; });
    static_cast<void>(watching);
}

std::vector<operation_ptr> one(operation_ptr op)
{
    std::vector<operation_ptr> out;
    out.push_back(std::move(op));
    return out;
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

void database_thread::submit(operation_ptr op)
{
    if (left_behind) {
        op->fail(closed_by_fork());
        const auto executor = op->executor();
        asio::post(executor, [refused = std::move(op)] { refused->answer(); });
        return;
    }
    op->note_submitted(options_.clock->steady_now());
    if (run_here(*op)) {
        loop_spin_->done_at_once();
        return answer(one(std::move(op)));
    }
    loop_spin_->submitted();
    {
        const std::lock_guard lock{mutex_};
        if (!stopping_) {
            waiting_.push_back(std::move(op));
            news_ = true;
            if (waiting_.size() == 1)
                wake_.notify_one();
            return;
        }
    }
    op->fail({errc::closed, "the store has been closed"});
    answer(one(std::move(op)));
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
    runner_ = make();
    operations batch;
    busy_since_ = options_.clock->steady_now();
    for (;;) {
        if (batch.empty() && !wait_for_work())
            break;
        {
            const std::lock_guard lock{mutex_};
            std::ranges::move(waiting_, std::back_inserter(batch));
            waiting_.clear();
            news_ = stopping_;
        }
        const auto count = static_cast<std::ptrdiff_t>(runner_->run(batch));
        operations done{std::move_iterator{batch.begin()}, std::move_iterator{batch.begin() + count}};
        batch.erase(batch.begin(), batch.begin() + count);
        answer(std::move(done));
        used_until_ = options_.clock->steady_now();
        if (used_until_ - busy_since_ >= longest_run) {
            runner_->give_way();
            busy_since_ = options_.clock->steady_now();
        }
    }
    runner_.reset();
}

/// Rests until there is work, and takes back what it has lent. Returns false if there will be no more work.
bool database_thread::wait_for_work()
{
    {
        const std::lock_guard lock{mutex_};
        is_at_rest_ = true;
        was_lent_ = false;
    }
    spin();
    std::unique_lock lock{mutex_};
    const auto news = [this] { return !is_lent_ && (!waiting_.empty() || stopping_); };
    if (!news()) {  // otherwise there was no sleep, so other processes had no gap yet
        wake_.wait(lock, news);
        if (!was_lent_)
            busy_since_ = options_.clock->steady_now();
    }
    is_at_rest_ = false;
    return !waiting_.empty();
}

/// On the thread that submits the operation. Returns false if it is for the database thread.
bool database_thread::run_here(operation& op) noexcept
{
    const bool may = options_.lends && op.is_short() && loop_spin_->is_idle();
    if (!may || !lending_rule_.worthwhile() || !borrow(op))
        return false;
    const bool done = runner_->run_at_once(op);
    lending_rule_.ended(done);
    give_back();
    return done;
}

/// Only while the thread is at rest, and not for long without a gap for other processes: the thread makes these.
bool database_thread::borrow(const operation& op)
{
    const auto now = op.submitted().value();
    const std::lock_guard lock{mutex_};
    if (!is_at_rest_ || is_lent_ || stopping_ || !waiting_.empty())
        return false;
    if (now - used_until_ >= usual_gap)
        busy_since_ = now;
    is_lent_ = now - busy_since_ < longest_run;
    was_lent_ = was_lent_ || is_lent_;
    return is_lent_;
}

void database_thread::give_back()
{
    const auto now = options_.clock->steady_now();
    const std::lock_guard lock{mutex_};
    is_lent_ = false;
    used_until_ = now;
    if (!waiting_.empty() || stopping_)
        wake_.notify_one();
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
        operations others;
        for (auto& what : done)
            if (what->executor() != executor)
                others.push_back(std::move(what));
        std::erase(done, nullptr);
        answer_on(executor, std::move(done));
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

}  // namespace cofila::store
