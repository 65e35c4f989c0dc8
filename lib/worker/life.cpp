// The life of a worker: `run` spawns `work` in a task group of its own and turns the caller's cancellation into `stop`,
// so that a cancelled `run` still shuts down in order. `work` registers the process, runs the loops side by side until
// the fetch loop has finished, cancels the others, and forgets the process again. `stop` closes the claims at once and
// releases what was not started. `shut_down` then waits until everything has ended and is stored, or the grace is over;
// cancels what still runs and waits one second more; then abandons the processors that ignore that, and has the store
// asked a last time. Locks are renewed through all of this, so that no job runs twice while it ends. What the store
// does not take is named in the report as unstored; the worker's row stays then, so that others rescue those jobs once
// the process is dead. An error of the fetch loop ends the worker at once; `run` throws it, as it does what has escaped
// from another loop.
#include <algorithm>
#include <utility>

#include "async/wait_until.hpp"
#include "domain/ranges.hpp"
#include "domain/text.hpp"
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

asio::awaitable<close_report> worker_core::run()
{
    if (started_)
        throw error{errc::invalid_argument, "run", "may be called once; make another worker to go on"};
    if (!slots_.closing())
        queue->check_open();
    started_ = true;
    if (!slots_.closing()) {
        queue->attach(*this);
        tasks_.spawn(work(), shared_from_this());
        co_await over_.wait_uninterrupted([this] { stop({}); });
    }
    done_ = true;
    if (crashed_)
        std::rethrow_exception(crashed_);
    co_return report_;
}

asio::awaitable<close_report> worker_core::close(std::optional<milliseconds> grace)
{
    stop(grace);
    while (started_ && !done_)
        co_await over_.wait_uninterrupted([] {});
    co_return report_;
}

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

asio::awaitable<void> worker_core::work()
{
    try {
        co_await register_process();
        hub->emit(&worker_events::ready, ready_event{});
        log_life("takes jobs, " + std::to_string(slots_.concurrency()) + " at once");
        task_group loops{ports_->loop};
        const auto self = shared_from_this();
        loops.spawn(renewer_.renew(), self);
        loops.spawn(renewer_.fence(), self);
        loops.spawn(renewer_.look(), self);
        loops.spawn(watch_.run(), self);
        loops.spawn(fetch_.remind(), self);
        loops.spawn(shut_down(), self);
        co_await fetch_.run(self);
        co_await fetch_.join();
        loops.cancel();
        co_await loops.join();
        if (report_.unstored.empty())  // otherwise other processes should notice at once when it is dead
            co_await forget_process();
    } catch (...) {
        crashed_ = std::current_exception();
    }
    runners_.dismiss();
    queue->detach(*this);
    hub->emit(&worker_events::closed, closed_event{});
    log_life("has closed");
    done_ = true;
    over_.set();
}

void worker_core::log_life(const std::string& what) const
{
    ports_->log(log_level::info, domain::printable_text("worker '" + id + "' of queue '" + queue->name + "' " + what));
}

/// Lets other processes notice at once when this process has died. Without it they wait for the locks to run out.
asio::awaitable<void> worker_core::register_process()
{
    std::exception_ptr failed;
    try {
        worker_row row{.id = id, .process = ports_->processes->self(), .started_at = ports_->time->wall_now()};
        co_await ports_->repository->register_worker(std::move(row));
    } catch (...) {
        failed = std::current_exception();
    }
    if (failed)
        hub->report(failed);
}

asio::awaitable<void> worker_core::forget_process()
{
    try {
        co_await ports_->repository->forget_worker(id);
    } catch (...) {
        hub->report(std::current_exception());
    }
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
    give_up_remaining();
}

/// Waits until all attempts have ended and the store knows it, or `*until`. A pointer, since another `stop` may shorten
/// the grace meanwhile.
asio::awaitable<void> worker_core::wait_for_attempts(const steady_time* until)
{
    while (!slots_.finished() && ports_->time->steady_now() < *until)
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

/// Some files do not mend: nothing more is claimed from them, and once what runs has ended, run() throws. Returns false
/// if there is no store any more.
bool worker_core::store_failed(std::exception_ptr failed, bool last)
{
    hub->report(failed);
    const auto code = code_of(failed);
    if (code == errc::closed) {
        store_is_gone();
        return false;
    }
    const bool for_good = code == errc::storage_corrupt || code == errc::storage_newer || code == errc::storage_foreign;
    if (for_good && !std::exchange(crashed_, failed))
        stop({});
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
