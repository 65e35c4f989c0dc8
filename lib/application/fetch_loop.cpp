#include <boost/asio/strand.hpp>

#include <algorithm>
#include <utility>

#include "application/worker_core.hpp"
#include "async/wait_until.hpp"
#include "domain/backoff.hpp"
#include "domain/transitions.hpp"

namespace cofila::detail {

namespace asio = boost::asio;
using domain::cancel_reason;
using signals = worker_events;

asio::awaitable<void> worker_core::fetch_loop()
{
    while (!finished()) {
        std::erase_if(ended_, [](const ended_attempt& ended) { return ended.attempt->lost(); });
        const auto next = plan();
        if (next.ask)
            co_await ask_store(next.claim);
        else if (!finished())
            co_await wait_for_work(next.wait);
    }
}

domain::fetch_plan worker_core::plan() const
{
    return domain::plan_fetch({
        .concurrency = concurrency_,
        .running = static_cast<int>(running_.size()),
        .unsettled = !ended_.empty(),
        .open = open(),
        .maybe_work = maybe_work_,
        .now = ports_->time->wall_now(),
        .next_due = next_due_,
        .poll_interval = options_.poll_interval,
    });
}

asio::awaitable<void> worker_core::wait_for_work(milliseconds at_most)
{
    idle_ = open() && static_cast<int>(running_.size()) < concurrency_;
    if (idle_)
        ports_->worker_idle.set();
    const auto until = later(ports_->time->steady_now(), at_most);
    co_await wait_until(wake_, ports_->time, until);
    idle_ = false;
    if (ports_->time->steady_now() >= until)
        maybe_work_ = true;  // the safety poll
}

asio::awaitable<void> worker_core::ask_store(int claim)
{
    const auto ended = std::exchange(ended_, {});
    // Before the question is put: what happens while it is answered counts for the next one.
    maybe_work_ = false;
    next_due_.reset();
    const auto asked = ports_->time->steady_now();
    settle_and_claim_answer answer;
    std::exception_ptr failed;
    try {
        answer = co_await ports_->repository->settle_and_claim(make_request(ended, claim));
    } catch (...) {
        failed = std::current_exception();
    }
    if (failed) {
        ended_.insert(ended_.begin(), ended.begin(), ended.end());
        maybe_work_ = true;
        co_await store_failed(failed);
        co_return;
    }
    store_failures_ = 0;
    settled_by_store(ended, answer.settlements);
    announce_claimed(*queue, answer);
    for (const auto& job : answer.claimed)
        start(job, asked);
    if (claim > 0 && static_cast<int>(answer.claimed.size()) == claim)
        maybe_work_ = true;
    if (answer.next_due)
        note_due(*answer.next_due);
}

/// Nothing was changed, or nobody knows: asking again is safe either way, since a settlement that is repeated is
/// recognised by its token. It goes on until the locks run out.
asio::awaitable<void> worker_core::store_failed(std::exception_ptr failed)
{
    hub->report(failed);
    bool gone = false;
    try {
        std::rethrow_exception(failed);
    } catch (const error& e) {
        gone = e.code() == errc::closed;
    } catch (...) {
        gone = false;
    }
    if (gone) {
        store_is_gone();
        co_return;
    }
    static constexpr backoff pause{
        .type = backoff::kind::exponential, .delay = milliseconds{50}, .max = milliseconds{2000}
    };
    ++store_failures_;
    const auto wait = domain::next_delay(pause, store_failures_, 0);
    co_await ports_->time->sleep_until(ports_->time->steady_now() + wait);
}

settle_and_claim_request worker_core::make_request(const std::vector<ended_attempt>& ended, int claim)
{
    settle_and_claim_request request{.queue = queue->name, .now = ports_->time->wall_now()};
    request.settlements.reserve(ended.size());
    for (const auto& [attempt, change] : ended)
        request.settlements.push_back({.job = attempt->ref(), .change = change});
    if (claim > 0) {
        claim_order order{.worker = id, .lock_duration = options_.lock_duration};
        std::generate_n(std::back_inserter(order.tokens), claim, [this] { return ports_->new_token(); });
        request.claim = std::move(order);
    }
    return request;
}

void worker_core::settled_by_store(const std::vector<ended_attempt>& ended, const std::vector<settled>& answers)
{
    for (std::size_t i = 0; i < ended.size(); ++i) {
        const auto& attempt = ended[i].attempt;
        if (answers[i] == settled::lost) {
            lose(attempt);
            continue;
        }
        if (const auto held = held_.find(attempt->job->key); held != held_.end() && held->second == attempt)
            held_.erase(held);
        announce(ended[i]);
    }
}

void worker_core::announce(const ended_attempt& ended)
{
    const auto& job = *ended.attempt->job;
    announce_settled(*queue, job, ended.change);
    if (ended.change.to == job_state::completed)
        hub->emit(&signals::job_processed, job_processed_event{.id = job.id, .name = job.name});
    else if (ended.change.failed_attempt)
        hub->emit(
            &signals::job_errored,
            job_errored_event{.id = job.id, .name = job.name, .error = ended.change.failed_attempt->error}
        );
}

void worker_core::start(const job_snapshot& job, steady_time asked)
{
    auto attempt = std::make_shared<attempt_run>(job, asked);
    if (const auto before = held_.find(job->key); before != held_.end())
        lose(before->second);  // it was rescued and came back to us before a renewal could tell
    held_[job->key] = attempt;
    if (held_.size() == 1)
        renewer_.wake();
    if (closing_) {  // asked for before the close was
        ended_.push_back({.attempt = attempt, .change = domain::after_release(*job)});
        return;
    }
    hub->emit(
        &signals::job_active, job_active_event{.id = job->id, .name = job->name, .attempt = job->attempts_made + 1}
    );
    running_.insert(attempt);
    attempt->start(
        queue,
        processor_,
        options_.executor ? asio::any_io_executor{asio::make_strand(*options_.executor)} : ports_->executor,
        ports_->executor,
        [self = shared_from_this()](const attempt_ptr& which, domain::attempt_outcome outcome) {
            self->end(which, std::move(outcome));
        }
    );
}

void worker_core::end(const attempt_ptr& attempt, domain::attempt_outcome outcome)
{
    if (attempt->abandoned)
        return;
    running_.erase(attempt);
    auto change = domain::after_attempt(
        *attempt->job, std::move(outcome), attempt->cancelled, ports_->time->wall_now(), ports_->draw()
    );
    if (change) {
        const bool given_back = change->attempts_made == attempt->job->attempts_made;
        if (closing_)
            (given_back ? report_.cancelled : report_.finished).push_back(attempt->job->id);
        ended_.push_back({.attempt = attempt, .change = std::move(*change)});
    }
    wake_.set();
    progress_.set();
}

void worker_core::lose(attempt_ptr attempt)
{
    if (attempt->lost())
        return;
    if (const auto held = held_.find(attempt->job->key); held != held_.end() && held->second == attempt)
        held_.erase(held);
    attempt->cancel(cancel_reason::lock_lost);
    hub->emit(&signals::lock_lost, lock_lost_event{.id = attempt->job->id});
    wake_.set();
}

}  // namespace cofila::detail
