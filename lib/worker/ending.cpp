// How a worker ends. `stop` closes the claims at once and releases what was not started. `shut_down` then waits until
// everything has ended and is stored, or the grace is over; cancels what still runs and waits one second more; then
// abandons the processors that ignore that, and has the store asked a last time. Locks are renewed through all of this,
// so that no job runs twice while it ends. What the store does not take is named in the report as unstored; the
// worker's row stays then, so that others rescue those jobs once the process is dead. What escapes from one of the
// loops is logged at once and stops the worker; `run` throws it at the end. The fetch loop is run once more then, to
// settle what ends; if it fails again, outcomes are given up.
#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <utility>

#include "async/wait_until.hpp"
#include "runtime/describe_exception.hpp"
#include "worker/worker_core.hpp"

namespace cofila::detail {

namespace asio = boost::asio;

namespace {

/// How long cancelled processors may take to end, and the store to take outcomes.
constexpr milliseconds last_second{1000};

boost::system::error_code code_of(const std::exception_ptr& thrown)
{
    try {
        std::rethrow_exception(thrown);
    } catch (const error& e) {
        return e.code();
    } catch (...) {
        return {};
    }
}

}  // namespace

void worker_core::stop(std::optional<milliseconds> grace)
{
    const auto ends = later(ports_->time->steady_now(), grace.value_or(options_.grace));
    grace_ends_ = slots_.closing() ? std::min(grace_ends_, ends) : ends;
    slots_.close();
    release_ready();
    fetch_.leave_to_others();
    fetch_.look_again();
    progress_.set();
}

/// One of the loops has ended with an exception.
void worker_core::crash(std::exception_ptr escaped)
{
    end_with(escaped);
    hub->report(escaped);
}

/// Nothing more is claimed, and once what runs has ended, `run` throws.
void worker_core::end_with(std::exception_ptr failed)
{
    if (std::exchange(crashed_, crashed_ ? crashed_ : failed))
        return;
    stop({});
    log_life(log_level::error, "closes because of an error: " + describe_exception(failed).message);
}

asio::awaitable<void> worker_core::shut_down()
{
    while (!slots_.closing())
        co_await progress_.wait();
    hub->emit(&worker_events::closing, closing_event{});
    co_await wait_for_attempts(&grace_ends_);
    for (const auto& attempt : slots_.running())
        ask_to_end(attempt, cancel_reason::shutdown);
    const auto last = ports_->time->steady_now() + last_second;
    co_await wait_for_attempts(&last);
}

/// What remains is given up even if the shutdown itself has failed.
asio::awaitable<void> worker_core::shut_down_surely()
{
    co_await keep(shut_down());
    const auto state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() == asio::cancellation_type::none)
        give_up_remaining();
}

/// Waits until all attempts have ended and the store knows it, or `*until`. A pointer, since another `stop` may shorten
/// the grace meanwhile.
asio::awaitable<void> worker_core::wait_for_attempts(const steady_time* until)
{
    while (!is_over() && ports_->time->steady_now() < *until)
        co_await wait_until(progress_, ports_->time, *until);
}

/// Abandons what still runs: the processors keep what they touch, and their outcomes will be dropped. The store is
/// asked once more to take what has ended.
void worker_core::give_up_remaining()
{
    for (const auto& attempt : slots_.take_running()) {
        attempt->abandoned = true;
        report_.abandoned.push_back(attempt->job->id);
        settle_later(attempt, {});
    }
    fetch_.give_up();
}

/// Some files do not mend: then the worker ends. Returns false if there is no store any more.
bool worker_core::store_failed(std::exception_ptr failed, bool last)
{
    hub->report(failed);
    const auto code = code_of(failed);
    if (code == errc::closed) {
        store_is_gone();
        return false;
    }
    const bool for_good = code == errc::storage_corrupt || code == errc::storage_newer || code == errc::storage_foreign;
    if (for_good)
        end_with(failed);
    if (last)
        give_up_outcomes();
    return true;
}

/// Gives up outcomes that the store does not take: their locks run out, and a sweep rescues the jobs.
void worker_core::give_up_outcomes()
{
    for (const auto& ended : slots_.take_ended()) {
        slots_.let_go(ended.attempt);
        not_stored(*ended.attempt);
    }
}

void worker_core::not_stored(const attempt_run& attempt)
{
    if (slots_.closing())
        report_.unstored.push_back(attempt.job->id);
}

/// Called when the engine was destroyed: nothing can be stored any more, and a sweep will rescue what was held.
void worker_core::store_is_gone()
{
    stop(milliseconds{0});
    for (const auto& attempt : slots_.running())
        ask_to_end(attempt, cancel_reason::lock_lost);
    give_up_outcomes();
    slots_.let_go_of_all();
}

}  // namespace cofila::detail
