// The loop that asks the store. One question carries the attempts that have ended and a claim for the free slots, and
// is one transaction; what ends meanwhile gathers for the next, so that a batch is as large as the store is slow.
// domain::plan_fetch decides when to ask and for how much; with 50 slots or more two questions are under way in turns.
// Before a question is put, what is known about work (`maybe_work_`, `next_due_`) is reset, so that a change during it
// counts for the next one; a claim that comes back short then says when to look again. With nothing to ask the loop
// sleeps until it is woken, until a job is due, or for the poll interval, in case a sign was lost. A question that
// fails is repeated with growing pauses: a settlement is recognised by its token, so that repeating one is safe
// whatever became of it. A damaged, newer or foreign store does not mend: the worker stops claiming, and `run` throws.
// An attempt that the store calls lost is dropped, unless it is known that its processor completed the job in a
// transaction of the application.
#include <algorithm>
#include <iterator>
#include <utility>

#include "async/wait_until.hpp"
#include "domain/backoff.hpp"
#include "domain/dedup.hpp"
#include "worker/worker_core.hpp"

namespace cofila::detail {

namespace asio = boost::asio;

namespace {

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

/// Whether the processor completed the job in a transaction of the application: then that counts, whatever came after.
/// If the store has reported it to an earlier question, it is added to the news.
bool was_completed(const attempt_run& attempt, news_list& news)
{
    constexpr auto cause = job_news::cause::completed;
    const auto is_it = [&](const job_news& one) { return one.why == cause && one.job->key == attempt.job->key; };
    if (std::ranges::any_of(news, is_it))
        return true;
    const auto& job = attempt.completed;
    if (!job)
        return false;
    const bool gone = job->options->on_completed->remove && !domain::holds_on(*job, *job->finished_at);
    news.push_back({.why = cause, .job = job, .was = job_state::active, .gone = gone});
    return true;
}

}  // namespace

asio::awaitable<void> worker_core::fetch_loop()
{
    while (!finished()) {
        forget_lost();
        const auto next = plan();
        if (next.ask && next.go_on)
            questions_.spawn(ask_store(next_question(next)), shared_from_this());
        else if (next.ask)
            co_await ask_store(next_question(next));
        else if (!finished())
            co_await wait_for_work(next.wait);
    }
}

void worker_core::forget_lost()
{
    std::erase_if(ended_, [this](const ended_attempt& ended) {
        const bool lost = ended.attempt->lost();
        if (lost)
            not_stored(ended);
        return lost;
    });
}

domain::fetch_plan worker_core::plan() const
{
    return domain::plan_fetch({
        .concurrency = concurrency_,
        .prefetch = options_.prefetch,
        .taken = taken(),
        .unsettled = static_cast<int>(ended_.size()),
        .asking = asking_,
        .open = open(),
        .maybe_work = maybe_work_ || room_left_,
        .now = ports_->time->wall_now(),
        .next_due = next_due_,
        .poll_interval = options_.poll_interval,
    });
}

asio::awaitable<void> worker_core::wait_for_work(milliseconds at_most)
{
    idle_ = asking_ == 0;
    if (is_idle())
        ports_->worker_idle.set();
    const auto until = later(ports_->time->steady_now(), at_most);
    poll_.set_for(until);
    co_await wake_.wait();
    idle_ = false;
    if (ports_->time->steady_now() >= until)
        maybe_work_ = true;  // the poll interval is over
}

worker_core::question worker_core::next_question(const domain::fetch_plan& plan)
{
    const auto end = ended_.begin() + plan.settle;
    question out{.ended{std::move_iterator{ended_.begin()}, std::move_iterator{end}}, .claim = plan.claim};
    ended_.erase(ended_.begin(), end);
    if (plan.claim > 0) {  // otherwise the answer says nothing about work, and what is known still counts
        // Before the question is put: what happens during it counts for the next one.
        maybe_work_ = false;
        expected_ = 0;
        room_left_ = plan.more;
        next_due_.reset();
    }
    ++asking_;
    claiming_ += plan.claim;
    return out;
}

asio::awaitable<void> worker_core::ask_store(question what)
{
    co_await put(std::move(what));
    --asking_;
    wake_.set();
}

asio::awaitable<void> worker_core::put(question what)
{
    const auto asked = ports_->time->steady_now();
    const bool last = giving_up_;
    settle_and_claim_answer answer;
    std::exception_ptr failed;
    try {
        answer = co_await ports_->repository->settle_and_claim(make_request(what));
    } catch (...) {
        failed = std::current_exception();
    }
    claiming_ -= what.claim;
    if (failed) {
        ended_.insert(ended_.begin(), what.ended.begin(), what.ended.end());
        maybe_work_ = true;
        if (!open() && what.claim > 0)
            queue->wake_for(static_cast<std::size_t>(what.claim));
        co_await store_failed(failed, last);
        co_return;
    }
    store_failures_ = 0;
    const auto completed = settled_by_store(what.ended, answer);
    announce(*queue, answer);
    for (const auto& attempt : completed)
        announce_processed(*attempt->job);
    ports_->taken += answer.claimed.size();
    for (const auto& job : answer.claimed)
        take(job, asked);
    start_ready();
    if (static_cast<int>(answer.claimed.size()) < what.claim)
        room_left_ = false;
    else if (what.claim > 0)
        maybe_work_ = true;
    if (answer.next_due)
        note_due(*answer.next_due);
}

std::optional<claim_order> worker_core::offer_claim()
{
    if (!is_idle() || taken() + expected_ >= concurrency_)
        return {};
    ++claiming_;
    return make_claim(1);
}

void worker_core::take_offered(const std::vector<job_snapshot>* claimed, steady_time asked)
{
    --claiming_;
    if (!claimed || claimed->empty())
        return wake();
    for (const auto& job : *claimed)
        take(job, asked);
    start_ready();
    if (!open())
        wake_.set();  // to release it
}

/// Nothing was changed, or it is unknown whether it was: repeating the question is safe either way, since a repeated
/// settlement is recognised by its token. It is repeated until the locks run out or a shutdown has asked for the last
/// time. But some files do not mend: nothing more is claimed from them, and once what runs has ended, run() throws.
asio::awaitable<void> worker_core::store_failed(std::exception_ptr failed, bool last)
{
    hub->report(failed);
    const auto code = code_of(failed);
    if (code == errc::closed) {
        store_is_gone();
        co_return;
    }
    const bool for_good = code == errc::storage_corrupt || code == errc::storage_newer || code == errc::storage_foreign;
    if (for_good && !std::exchange(crashed_, failed))
        stop({});
    if (last)
        give_up_outcomes();
    if (giving_up_)
        co_return;
    static const backoff pause{
        .type = backoff::kind::exponential, .delay = milliseconds{50}, .max = milliseconds{2000}
    };
    ++store_failures_;
    const auto wait = domain::next_delay(pause, store_failures_, 0);
    co_await wait_until(last_try_, ports_->time, ports_->time->steady_now() + wait);
}

settle_and_claim_request worker_core::make_request(const question& what)
{
    settle_and_claim_request request{.now = ports_->time->wall_now()};
    request.settlements.reserve(what.ended.size());
    for (const auto& ended : what.ended)
        request.settlements.push_back({.job = ended.attempt->ref(), .change = ended.change});
    if (what.claim > 0)
        request.claim = make_claim(what.claim);
    return request;
}

claim_order worker_core::make_claim(int count)
{
    claim_order order{.queue = queue->name, .worker = id, .lock_duration = options_.lock_duration};
    order.tokens.reserve(static_cast<std::size_t>(count));
    std::generate_n(std::back_inserter(order.tokens), count, [this] { return ports_->new_token(); });
    return order;
}

/// Returns the attempts whose jobs were completed before: the news report these.
std::vector<attempt_ptr> worker_core::settled_by_store(
    const std::vector<ended_attempt>& ended, settle_and_claim_answer& answer
)
{
    std::vector<attempt_ptr> completed;
    for (std::size_t i = 0; i < ended.size(); ++i) {
        const auto& attempt = ended[i].attempt;
        const auto what = answer.settlements[i];
        if (what == settled::lost && !attempt->completed) {
            not_stored(ended[i]);
            lose(attempt);
            continue;
        }
        let_go(attempt);
        const bool before = what == settled::already || what == settled::lost;
        const bool done = before && was_completed(*attempt, answer.news);
        if (done)
            completed.push_back(attempt);
        else if (what != settled::cancelled)  // otherwise the news report it
            announce_end(ended[i]);
        list(ended[i], done || what == settled::cancelled || is_finished(ended[i].change.to));
    }
    return completed;
}

/// Names the job in the close report. The state that the store reports is what counts.
void worker_core::list(const ended_attempt& ended, bool finished)
{
    if (ended.list)
        (report_.*(finished ? &close_report::finished : ended.list)).push_back(ended.attempt->job->id);
}

void worker_core::announce_end(const ended_attempt& ended)
{
    const auto& job = *ended.attempt->job;
    announce_settled(*queue, job, ended.change);
    if (ended.change.to == job_state::completed)
        announce_processed(job);
    else if (ended.change.failed_attempt)
        hub->emit(
            &worker_events::job_errored,
            job_errored_event{.id = job.id, .name = job.name, .error = ended.change.failed_attempt->error}
        );
}

void worker_core::announce_processed(const job_record& job)
{
    hub->emit(&worker_events::job_processed, job_processed_event{.id = job.id, .name = job.name});
}

}  // namespace cofila::detail
