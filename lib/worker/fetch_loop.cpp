// The loop that asks the store. One question carries the attempts that have ended and a claim for the free slots, and
// is one transaction; what ends meanwhile gathers for the next, so that a batch is as large as the store is slow.
// domain::plan_fetch decides when to ask and for how much; with 50 slots or more two questions are under way in turns.
// Before a question is put, what is known about work (`maybe_work_`, `next_due_`) is reset, so that a change during it
// counts for the next one; a claim that comes back short then says when to look again. With nothing to ask the loop
// sleeps until it is woken, until a job is due, or for the poll interval, in case a sign was lost. All workers of a
// queue know its next date, and the first whose timer ends looks for all of them: it shares the next date, so that a
// date costs one claim, not one for each idle worker. Only if it could not take all that is due does the next one look.
// A question that fails is repeated with growing pauses: a settlement is recognised by its token, so that repeating one
// is safe whatever became of it. A damaged, newer or foreign store does not mend: the worker stops claiming, and `run`
// throws. An attempt that the store calls lost is dropped, unless it is known that its processor completed the job in a
// transaction of the application.
#include "worker/fetch_loop.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <iterator>
#include <utility>

#include "async/wait_until.hpp"
#include "domain/backoff.hpp"

namespace cofila {

namespace asio = boost::asio;

fetch_loop::fetch_loop(detail::queue_ptr queue, options chosen, slots& of, callbacks tell)
    : queue_{std::move(queue)},
      ports_{queue_->ports},
      options_{std::move(chosen)},
      slots_{of},
      tell_{std::move(tell)},
      wake_{ports_->loop},
      poll_{wake_, ports_->time},
      last_try_{ports_->loop},
      questions_{ports_->loop}
{}

asio::awaitable<void> fetch_loop::run(std::shared_ptr<const void> owner)
{
    while (!slots_.finished()) {
        for (const auto& lost : slots_.drop_lost())
            tell_.dropped(lost);
        leave_date();
        const auto next = plan();
        if (next.ask) {
            if (next.go_on)
                questions_.spawn(ask_store(next_question(next)), owner);
            else
                co_await ask_store(next_question(next));
            co_await asio::post(asio::use_awaitable);  // a store that answers on the spot must not keep the loop
        } else if (!slots_.finished()) {
            co_await wait_for_work(next.wait);
        }
    }
}

domain::fetch_plan fetch_loop::plan() const
{
    return domain::plan_fetch({
        .concurrency = slots_.concurrency(),
        .prefetch = options_.prefetch,
        .taken = slots_.taken(),
        .unsettled = slots_.unsettled(),
        .asking = slots_.asking(),
        .open = slots_.open(),
        .maybe_work = maybe_work_ || room_left_,
        .now = ports_->time->wall_now(),
        .next_due = next_due_,
        .poll_interval = options_.poll_interval,
    });
}

/// Another worker has looked since then.
void fetch_loop::leave_date()
{
    if (next_due_ && queue_->has_looked_since(*next_due_, ports_->time->wall_now()))
        next_due_.reset();
}

asio::awaitable<void> fetch_loop::wait_for_work(milliseconds at_most)
{
    idle_ = slots_.asking() == 0;
    if (is_idle())
        ports_->worker_idle.set();
    const auto until = later(ports_->time->steady_now(), at_most);
    poll_.set_for(until);
    co_await wake_.wait();
    idle_ = false;
    if (at_most == options_.poll_interval && ports_->time->steady_now() >= until)
        maybe_work_ = true;  // not for a date, which another worker may have looked at
}

void fetch_loop::wake()
{
    maybe_work_ = true;
    wake_.set();
}

std::size_t fetch_loop::wake_for(std::size_t jobs)
{
    const auto free = slots_.concurrency() + options_.prefetch - slots_.taken() - expected_;
    const auto room = is_idle() ? static_cast<std::size_t>(std::max(0, free)) : 0;
    const auto expected = std::min(jobs, room);
    expected_ += static_cast<int>(expected);
    if (expected > 0 || !is_idle())
        wake();
    return expected;
}

bool fetch_loop::wake_for_date()
{
    date_came_ = wake_for(1) > 0 || date_came_;
    return date_came_;
}

void fetch_loop::leave_to_others()
{
    const auto jobs = std::exchange(expected_, 0);
    if (std::exchange(date_came_, false))
        queue_->pass_on_date();
    else if (jobs > 0)
        queue_->wake_for(static_cast<std::size_t>(jobs));
}

void fetch_loop::note_due(time_point due)
{
    if (next_due_ && *next_due_ <= due)
        return;
    next_due_ = due;
    wake_.set();
}

void fetch_loop::give_up()
{
    giving_up_ = true;
    last_try_.set();
    wake_.set();
}

std::optional<claim_order> fetch_loop::offer_claim()
{
    if (!is_idle() || slots_.taken() + expected_ >= slots_.concurrency())
        return {};
    slots_.request(1);
    return make_claim(1);
}

question fetch_loop::next_question(const domain::fetch_plan& plan)
{
    bool due = false;
    if (plan.claim > 0) {  // otherwise the answer says nothing about work, and what is known still counts
        // Before the question is put: what happens during it counts for the next one.
        const auto now = ports_->time->wall_now();
        due = std::exchange(date_came_, false) || (next_due_ && *next_due_ <= now);
        queue_->note_look(now);
        maybe_work_ = false;
        expected_ = 0;
        room_left_ = plan.more;
        next_due_.reset();
    }
    auto what = slots_.ask(plan.settle, plan.claim);
    what.due = due;
    return what;
}

asio::awaitable<void> fetch_loop::ask_store(question what)
{
    std::exception_ptr escaped;
    try {
        co_await put(std::move(what));
    } catch (...) {
        escaped = std::current_exception();
    }
    slots_.end_question();
    wake_.set();
    if (escaped)
        tell_.escaped(escaped);
}

asio::awaitable<void> fetch_loop::put(question what)
{
    steady_time asked;
    const bool last = giving_up_;
    settle_and_claim_answer answer;
    std::exception_ptr failed;
    try {
        asked = ports_->time->steady_now();
        answer = co_await ports_->repository->settle_and_claim(make_request(what));
    } catch (...) {
        failed = std::current_exception();
    }
    slots_.answered(what.claim);
    if (failed) {
        co_await put_again_later(std::move(what), failed, last);
        co_return;
    }
    failures_ = 0;
    ports_->taken += answer.claimed.size();
    tell_.answered(what.ended, answer, asked);
    if (static_cast<int>(answer.claimed.size()) < what.claim)
        room_left_ = false;
    else if (what.claim > 0)
        maybe_work_ = true;
    pass_on_dates(what, answer);
}

/// A claim that takes all it may does not say what else is due.
void fetch_loop::pass_on_dates(const question& what, const settle_and_claim_answer& answer)
{
    if (answer.next_due)
        queue_->share_due(*answer.next_due);
    else if (what.due && static_cast<int>(answer.claimed.size()) == what.claim)
        queue_->pass_on_date();
}

/// Nothing was changed, or it is unknown whether it was: repeating the question is safe either way, since a repeated
/// settlement is recognised by its token. It is repeated until the locks run out or a shutdown has asked for the last
/// time.
asio::awaitable<void> fetch_loop::put_again_later(question what, std::exception_ptr failed, bool last)
{
    slots_.settle_again(std::move(what.ended));
    maybe_work_ = true;
    if (!slots_.open() && what.claim > 0)
        queue_->wake_for(static_cast<std::size_t>(what.claim));
    if (!tell_.failed(failed, last) || giving_up_)
        co_return;
    static const backoff pause{
        .type = backoff::kind::exponential, .delay = milliseconds{50}, .max = milliseconds{2000}
    };
    const auto wait = domain::next_delay(pause, ++failures_, 0);
    co_await wait_until(last_try_, ports_->time, ports_->time->steady_now() + wait);
}

settle_and_claim_request fetch_loop::make_request(const question& what)
{
    settle_and_claim_request request{.now = ports_->time->wall_now()};
    request.settlements.reserve(what.ended.size());
    for (const auto& ended : what.ended) {
        const auto& job = *ended.attempt->job;
        request.settlements.push_back(
            {.job = {.queue = job.queue, .key = job.key, .token = job.token}, .change = ended.change}
        );
    }
    if (what.claim > 0)
        request.claim = make_claim(what.claim);
    return request;
}

claim_order fetch_loop::make_claim(int count)
{
    claim_order order{.queue = queue_->name, .worker = options_.worker, .lock_duration = options_.lock_duration};
    order.tokens.reserve(static_cast<std::size_t>(count));
    std::generate_n(std::back_inserter(order.tokens), count, [this] { return ports_->new_token(); });
    return order;
}

}  // namespace cofila
