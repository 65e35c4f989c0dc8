#include <cofila/events.hpp>
#include <cofila/worker.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/signals2/connection.hpp>

#include <sqlite3.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <stdexcept>

#include "measures.hpp"
#include "workloads.hpp"

namespace bench {

namespace asio = boost::asio;
using boost::json::object;
using boost::signals2::scoped_connection;
using namespace std::chrono_literals;
using namespace asio::experimental::awaitable_operators;

namespace {

using worker = cofila::worker<message>;
using job = cofila::job<message>;

/// Locks are renewed every second.
constexpr auto lock_duration = 2s;
constexpr auto lock_renew_buffer = 1s;

/// The first jobs that a process takes are held until all others are done, so that there are locks to renew.
class held_jobs {
public:
    explicit held_jobs(const asio::any_io_executor& executor)
        : until_{executor, std::chrono::steady_clock::time_point::max()}
    {}

    asio::awaitable<void> pass()
    {
        if (held_ == most || let_go_)
            co_return;
        ++held_;
        co_await until_.async_wait(asio::as_tuple(asio::use_awaitable));
    }
    void let_go()
    {
        let_go_ = true;
        until_.cancel();
    }
    bool are_held() const { return !let_go_; }
    int count() const { return held_; }

private:
    static constexpr int most = 4;

    asio::steady_timer until_;
    int held_ = 0;
    bool let_go_ = false;
};

asio::awaitable<void> stop_when_all_completed(worker* working, held_jobs* held, queue jobs, std::size_t count)
{
    for (cofila::job_counts counts; counts.completed < count;) {
        co_await pause(100ms);
        counts = co_await jobs.get_job_counts();
        if (counts.waiting == 0)
            held->let_go();
    }
    working->stop();
}

/// A look at the file beside the engine, which does not report locks.
class lock_reader {
public:
    explicit lock_reader(const std::string& database)
    {
        sqlite3* opened = nullptr;
        const int result = sqlite3_open_v2(database.c_str(), &opened, SQLITE_OPEN_READONLY, nullptr);
        db_.reset(opened);
        sqlite3_stmt* made = nullptr;
        if (result != SQLITE_OK ||
            sqlite3_prepare_v2(opened, "SELECT min(locked_until) FROM cofila_active", -1, &made, nullptr))
            throw std::runtime_error("the locks cannot be read");
        query_.reset(made);
    }

    /// When the first lock runs out; 0 if there is none or the file is busy.
    std::chrono::milliseconds first_end() const
    {
        const bool found = sqlite3_step(query_.get()) == SQLITE_ROW;
        const std::chrono::milliseconds out{found ? sqlite3_column_int64(query_.get(), 0) : 0};
        sqlite3_reset(query_.get());
        return out;
    }

private:
    struct closing {
        void operator()(sqlite3* db) const { sqlite3_close_v2(db); }
        void operator()(sqlite3_stmt* query) const { sqlite3_finalize(query); }
    };

    std::unique_ptr<sqlite3, closing> db_{};
    std::unique_ptr<sqlite3_stmt, closing> query_{};
};

std::chrono::milliseconds since_epoch()
{
    return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now()).time_since_epoch();
}

}  // namespace

/// One of several processes on one file: reports when it began and ended, and what it did.
asio::awaitable<object> drain_shared(task work, queue jobs)
{
    held_jobs held{co_await asio::this_coro::executor};
    deliveries delivered;
    worker working{
        jobs,
        // NOLINTNEXTLINE(*-avoid-capturing-lambda-coroutines): the worker keeps its processor
        [&](job one) -> asio::awaitable<boost::json::value> {
            delivered.processed(one.data().n);
            co_await held.pass();
            co_return nullptr;
        },
        {.concurrency = work.concurrency, .lock_duration = lock_duration, .lock_renew_buffer = lock_renew_buffer}
    };
    std::int64_t completed = 0;
    std::int64_t lost = 0;
    double last = 0;
    const scoped_connection counting = jobs.events().completed.connect([&](const cofila::completed_event&) {
        ++completed;
        if (held.are_held())
            last = now();
    });
    const scoped_connection losing = working.events().lock_lost.connect([&](const auto&) { ++lost; });
    const auto first = now();
    co_await (working.run() && stop_when_all_completed(&working, &held, jobs, static_cast<std::size_t>(work.jobs)));
    co_return object{
        {"first", first},
        {"last", last},
        {"completed", completed},
        {"processed", delivered.digits()},
        {"locks_held", held.count()},
        {"locks_lost", lost}
    };
}

/// How late the latest renewal was, as the file shows it to other processes: a lock with less time left than at the
/// moment it should have been renewed. A renewal between two looks is missed by at most the time between them.
asio::awaitable<object> watch_locks(task work, queue jobs)
{
    const lock_reader locks{work.database};
    std::chrono::milliseconds latest{};
    auto next_count = std::chrono::steady_clock::now();
    for (cofila::job_counts counts; counts.completed < static_cast<std::size_t>(work.jobs);) {
        co_await pause(5ms);
        if (const auto end = locks.first_end(); end.count() != 0)
            latest = std::max<std::chrono::milliseconds>(latest, since_epoch() - (end - lock_renew_buffer));
        if (std::chrono::steady_clock::now() < next_count)
            continue;
        next_count += 100ms;
        counts = co_await jobs.get_job_counts();
    }
    co_return object{{"jobs", work.jobs}, {"renewal_late_ms", latest.count()}};
}

}  // namespace bench
