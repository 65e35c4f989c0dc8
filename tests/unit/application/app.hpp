#pragma once
#include <cofila/engine.hpp>
#include <cofila/worker.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/this_coro.hpp>

#include <chrono>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "async/event.hpp"
#include "async/task_group.hpp"
#include "recorder.hpp"
#include "scripted_repository.hpp"
#include "support/error_of.hpp"
#include "support/fixed_random.hpp"
#include "support/manual_clock.hpp"
#include "support/print.hpp"
#include "support/run_coro.hpp"

namespace cofila::test {

namespace asio = boost::asio;
using namespace std::chrono_literals;

/// An engine on a scripted memory repository and a clock that a test moves.
struct app {
    asio::any_io_executor executor{};
    std::shared_ptr<manual_clock> clock{};
    std::shared_ptr<fixed_random> random = std::make_shared<fixed_random>();
    std::shared_ptr<scripted_repository> store{};
    cofila::engine engine{};

    /// Those of an engine on the same parts.
    engine_options options() const
    {
        return {.maintenance = std::nullopt, .clock = clock, .random = random, .repository = store};
    }
    /// Milliseconds since the start of the test.
    milliseconds elapsed() const { return clock->wall_now() - manual_clock::start; }
    time_point at(milliseconds since_start) const { return manual_clock::start + since_start; }
};

using app_body = std::function<asio::awaitable<void>(app&)>;

/// Runs `body` on an engine without maintenance (unless told otherwise) and closes it afterwards. Nothing may be left.
inline void run_app(app_body body, std::optional<maintenance_options> maintenance = {})
{
    const auto clock = std::make_shared<manual_clock>();
    run_coro(clock, [=]() -> asio::awaitable<void> {
        app a{.executor = co_await asio::this_coro::executor, .clock = clock};
        a.store = std::make_shared<scripted_repository>(a.executor);
        auto options = a.options();
        options.maintenance = maintenance;
        a.engine = co_await engine::open(std::move(options));
        co_await body(a);
        co_await a.engine.close();
    });
}

/// As above, with the queue "q".
inline void run_app(
    std::function<asio::awaitable<void>(app&, cofila::queue<int, int>)> body,
    std::optional<maintenance_options> maintenance = {}
)
{
    run_app([=](app& a) { return body(a, a.engine.queue<int, int>("q")); }, maintenance);
}

/// Closed until it is opened. Who waits at it can be cancelled.
class door {
public:
    explicit door(asio::any_io_executor executor) : moved_{std::move(executor)} {}

    asio::awaitable<void> pass()
    {
        ++waiting_;
        struct leave {
            int& waiting;
            ~leave() { --waiting; }
        } const at_end{waiting_};
        while (!open_)
            co_await moved_.wait();
    }
    /// As `pass`, but deaf to cancellation.
    asio::awaitable<void> pass_stubbornly()
    {
        while (!open_)
            co_await moved_.wait_uninterrupted([] {});
    }
    void open()
    {
        open_ = true;
        moved_.set();
    }
    int waiting() const { return waiting_; }

private:
    event moved_;
    bool open_ = false;
    int waiting_ = 0;
};

/// A worker's `run()` as a task of its own.
class running {
public:
    template <class Payload, class Result>
    explicit running(worker<Payload, Result>& runner) : tasks_{detail::loop_of(runner.core())}
    {
        tasks_.spawn(keep(runner.run(), state_));
    }

    bool ended() const { return state_->ended; }
    /// As cancelling the coroutine that called `run()`.
    void cancel() { tasks_.cancel(); }
    /// Waits for its end, and throws what it threw.
    asio::awaitable<close_report> join()
    {
        co_await tasks_.join();
        if (state_->thrown)
            std::rethrow_exception(state_->thrown);
        co_return state_->report;
    }

private:
    struct outcome {
        bool ended = false;
        close_report report{};
        std::exception_ptr thrown{};
    };

    static asio::awaitable<void> keep(asio::awaitable<close_report> run, std::shared_ptr<outcome> out)
    {
        try {
            out->report = co_await std::move(run);
        } catch (...) {
            out->thrown = std::current_exception();
        }
        out->ended = true;
    }

    std::shared_ptr<outcome> state_ = std::make_shared<outcome>();
    task_group tasks_;
};

template <class Payload, class Result>
asio::awaitable<void> finish(worker<Payload, Result>& worker, running& run)
{
    co_await worker.close();
    co_await run.join();
}

/// A worker that runs from the start. The test must wait for its end, by `finish` or `join`.
template <class Payload, class Result>
class shift : public worker<Payload, Result> {
public:
    template <class Act>
    shift(cofila::queue<Payload, Result> from, Act run_job, worker_options options = {})
        : worker<Payload, Result>{std::move(from), std::move(run_job), std::move(options)},
          running_{*this}
    {}
    /// `own` listens to the worker before it starts.
    template <class Act>
    shift(recorder& own, cofila::queue<Payload, Result> from, Act run_job, worker_options options = {})
        : worker<Payload, Result>{std::move(from), std::move(run_job), std::move(options)},
          running_{(own.listen(this->events()), *this)}
    {}
    ~shift()
    {
        if (std::uncaught_exceptions() == 0)
            CHECK_MESSAGE(joined_, "the test has not waited for the end of its worker");
    }

    bool ended() const { return running_.ended(); }
    /// As cancelling the coroutine that called `run()`.
    void cancel_run() { running_.cancel(); }
    asio::awaitable<close_report> join()
    {
        joined_ = true;
        return running_.join();
    }
    asio::awaitable<void> finish()
    {
        joined_ = true;
        return test::finish(*this, running_);
    }

private:
    running running_;
    bool joined_ = false;
};

/// Claims the next job by hand.
inline asio::awaitable<claim> take(queue<int, int> from, claim_request request = {})
{
    auto taken = co_await from.fetch_next_and_lock(std::move(request));
    REQUIRE(taken.size() == 1);
    co_return std::move(taken[0].claim);
}

/// The lock of an active job is taken away, as by the sweep of another process.
inline asio::awaitable<void> rescue(app& a, std::string queue, job_id id)
{
    const auto job = co_await a.store->inner().get(queue, id);
    REQUIRE(job);
    REQUIRE(job->state == job_state::active);
    sweep_request request{.now = a.clock->wall_now()};
    request.rescues.push_back({.key = job->key, .token = job->token, .locked_until = *job->locked_until});
    const auto answer = co_await a.store->inner().sweep(std::move(request));
    REQUIRE(answer.news.size() == 1);
    REQUIRE(answer.news.front().why == job_news::cause::stalled);
}

inline asio::awaitable<job_record> stored(app& a, std::string queue, job_id id)
{
    auto job = co_await a.store->inner().get(std::move(queue), std::move(id));
    REQUIRE(job);
    co_return std::move(*job);
}

inline std::vector<job_id> ids(std::initializer_list<const char*> texts) { return {texts.begin(), texts.end()}; }

}  // namespace cofila::test

/// A test on an engine: `APP_CASE("what it does") { co_await a.engine.close(); ... }`, a coroutine with an `app& a`.
/// After the title may come the engine's `maintenance_options`.
#define APP_CASE(...) APP_CASE_IMPL(DOCTEST_ANONYMOUS(app_case_), __VA_ARGS__)
#define APP_CASE_IMPL(body, name, ...)                                                                                 \
    static boost::asio::awaitable<void> body(cofila::test::app& a);                                                    \
    TEST_CASE(name) { cofila::test::run_app(body __VA_OPT__(, ) __VA_ARGS__); }                                        \
    static boost::asio::awaitable<void> body([[maybe_unused]] cofila::test::app& a)

/// An `APP_CASE` with the `queue<int, int> queue` of the name "q".
#define QUEUE_CASE(...) QUEUE_CASE_IMPL(DOCTEST_ANONYMOUS(queue_case_), __VA_ARGS__)
#define QUEUE_CASE_IMPL(body, name, ...)                                                                               \
    static boost::asio::awaitable<void> body(cofila::test::app& a, cofila::queue<int, int> queue);                     \
    TEST_CASE(name) { cofila::test::run_app(body __VA_OPT__(, ) __VA_ARGS__); }                                        \
    static boost::asio::awaitable<void> body(                                                                          \
        [[maybe_unused]] cofila::test::app& a, [[maybe_unused]] cofila::queue<int, int> queue                          \
    )
