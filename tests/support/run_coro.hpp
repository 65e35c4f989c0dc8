#pragma once
#include <boost/asio/awaitable.hpp>

#include <functional>
#include <memory>

namespace cofila::test {

class manual_clock;

/// A test's coroutine. A lambda with captures is fine: it is kept until everything has ended.
using coro_body = std::function<boost::asio::awaitable<void>()>;

/// Runs `body` on an io_context of its own and throws what it throws, so that REQUIRE works inside. Fails the test
/// - when body hangs: after COFILA_TEST_BOUND seconds (from the environment, default 60) of real time;
/// - when body has returned but left work behind: a suspended coroutine, a timer, a handler.
void run_coro(coro_body body);

/// As above; `clock` must also be left with nobody sleeping on it.
void run_coro(std::shared_ptr<manual_clock> clock, coro_body body);

/// Inside of `run_coro`: returns once everything that was ready has run, and all that it made ready, until nothing
/// on the loop is left to do. What another thread is busy with is not waited for.
boost::asio::awaitable<void> settle();

}  // namespace cofila::test
