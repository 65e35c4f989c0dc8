#include "support/run_coro.hpp"

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <cstdlib>
#include <deque>
#include <exception>
#include <string>
#include <utility>
#include <vector>

#include "support/manual_clock.hpp"

namespace cofila::test {

namespace asio = boost::asio;

namespace {

using real_time = std::chrono::steady_clock;

std::chrono::seconds bound()
{
    const char* set = std::getenv("COFILA_TEST_BOUND");
    const long given = set ? std::strtol(set, nullptr, 10) : 0;
    return std::chrono::seconds{given > 0 ? given : 60};
}

/// One test's loop. It polls, so that it knows when nothing is ready, and blocks only then.
class runner {
public:
    explicit runner(coro_body body) : body_{std::move(body)} {}

    void start()
    {
        asio::co_spawn(io_, body_(), [this](std::exception_ptr thrown) {
            thrown_ = thrown;
            ended_ = true;
        });
    }

    /// False: the bound was reached first.
    bool run_until_ended()
    {
        while (!ended_) {
            if (real_time::now() >= deadline_)
                return false;
            if (!run_something())
                io_.run_one_until(deadline_);
        }
        return true;
    }

    /// Runs what is ready. False: something is left that may never be, or it goes on for ever.
    bool run_out_of_work()
    {
        while (real_time::now() < deadline_)
            if (!run_something())
                return io_.stopped();
        return false;
    }

    void rethrow() const
    {
        if (thrown_)
            std::rethrow_exception(thrown_);
    }

    void when_idle(asio::any_completion_handler<void()> handler) { idle_.push_back(std::move(handler)); }

private:
    /// Whoever waits for the loop to be idle is woken one at a time: each may make more ready.
    bool run_something()
    {
        if (io_.poll_one() > 0)
            return true;
        if (idle_.empty())
            return false;
        auto handler = std::move(idle_.front());
        idle_.pop_front();
        asio::post(io_, std::move(handler));
        return true;
    }

    coro_body body_;
    asio::io_context io_{1};
    std::deque<asio::any_completion_handler<void()>> idle_{};
    real_time::time_point deadline_ = real_time::now() + bound();
    std::exception_ptr thrown_{};
    bool ended_ = false;
};

thread_local runner* current = nullptr;

/// Coroutines that are still suspended cannot be destroyed safely: what they refer to may be gone. A test that failed
/// keeps them for ever instead.
void keep_for_ever(std::unique_ptr<runner> failed)
{
    static auto& kept = *new std::vector<std::unique_ptr<runner>>;
    kept.push_back(std::move(failed));
}

void run(coro_body body, const manual_clock* clock)
{
    REQUIRE_MESSAGE(current == nullptr, "run_coro within run_coro: co_await the coroutine instead");
    auto loop = std::make_unique<runner>(std::move(body));
    struct scope {
        explicit scope(runner* r) { current = r; }
        ~scope() { current = nullptr; }
    } here{loop.get()};

    loop->start();
    const auto sleeping = [&] {
        return clock ? ", " + std::to_string(clock->sleepers()) + " asleep on its clock" : std::string{};
    };
    if (!loop->run_until_ended()) {
        keep_for_ever(std::move(loop));
        FAIL("hang: the coroutine has not ended within ", bound().count(), " s (COFILA_TEST_BOUND)", sleeping());
    }
    const bool all_done = loop->run_out_of_work();
    auto& ended = *loop;
    if (!all_done)
        keep_for_ever(std::move(loop));
    ended.rethrow();
    if (!all_done)
        FAIL("the coroutine has returned but left work behind", sleeping());
    if (clock)
        REQUIRE_MESSAGE(clock->sleepers() == 0, "somebody still sleeps on the clock");
}

}  // namespace

void run_coro(coro_body body) { run(std::move(body), nullptr); }

void run_coro(std::shared_ptr<manual_clock> clock, coro_body body) { run(std::move(body), clock.get()); }

asio::awaitable<void> settle()
{
    REQUIRE_MESSAGE(current != nullptr, "settle outside of run_coro");
    return asio::async_initiate<const asio::use_awaitable_t<>, void()>(
        [](auto handler) { current->when_idle(std::move(handler)); }, asio::use_awaitable
    );
}

}  // namespace cofila::test
