#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>
#include <iterator>
#include <memory>
#include <optional>
#include <utility>

#include "async/ended_with.hpp"
#include "async/wait_until.hpp"
#include "domain/json_text.hpp"
#include "domain/transitions.hpp"
#include "domain/validation.hpp"
#include "queue/queue_core.hpp"
#include "runtime/attached.hpp"

/// The worker's side of a queue for programs that process by hand.
namespace cofila::detail {

namespace asio = boost::asio;

namespace {

error lock_lost(const job_id& id)
{
    return {
        errc::lock_lost, "the lock of job '" + id.str() + "' is not held by this claim (any more); nothing was changed"
    };
}

/// Returns the job that the claim holds. It cannot change while the claim holds it, so reading it first is safe.
asio::awaitable<job_record> held_job(queue_ptr queue, claim held)
{
    queue->check_open();
    auto found = co_await queue->ports->repository->get(queue->name, held.id);
    if (!found || found->state != job_state::active || held.token.empty() || found->token != held.token)
        throw lock_lost(held.id);
    co_return std::move(*found);
}

asio::awaitable<void> settle(queue_ptr queue, job_record job, transition change)
{
    settle_and_claim_request request{.now = queue->ports->time->wall_now()};
    request.settlements.push_back({.job = job_ref::of(job), .change = change});
    const auto answer = co_await queue->ports->repository->settle_and_claim(std::move(request));
    announce(*queue, answer);
    const auto what = answer.settlements.front();
    if (what == settled::accepted)
        announce_settled(*queue, job, change);
    else if (what != settled::cancelled)
        throw lock_lost(job.id);
}

asio::awaitable<settle_and_claim_answer> claim_now(queue_ptr queue, claim_request request)
{
    auto& ports = *queue->ports;
    claim_order order{
        .queue = queue->name, .worker = std::move(request.worker_id), .lock_duration = request.lock_duration
    };
    std::generate_n(std::back_inserter(order.tokens), request.limit, [&] { return ports.new_token(); });
    settle_and_claim_request ask{.now = ports.time->wall_now(), .claim = std::move(order)};
    auto answer = co_await ports.repository->settle_and_claim(std::move(ask));
    announce(*queue, answer);
    ports.taken += answer.claimed.size();
    co_return answer;
}

bool is_cancelled(const asio::cancellation_state& caller)
{
    return caller.cancelled() != asio::cancellation_type::none;
}

/// For a caller that was cancelled while it claimed. The jobs wait again, and no attempt is counted.
asio::awaitable<void> give_back(queue_ptr queue, std::vector<job_snapshot> claimed)
{
    for (const auto& job : claimed)
        co_await settle(queue, *job, domain::after_release(*job));
}

std::vector<job_ptr> handles(const queue_ptr& queue, const std::vector<job_snapshot>& claimed)
{
    std::vector<job_ptr> out;
    for (const auto& job : claimed)
        out.push_back(std::make_shared<job_handle>(
            job_handle{.queue = queue, .job = job, .token = job->token, .progress = job->progress}
        ));
    return out;
}

steady_time due_in(const queue_core& queue, const std::optional<time_point>& due)
{
    const auto& time = *queue.ports->time;
    return due ? later(time.steady_now(), *due - time.wall_now()) : steady_time::max();
}

}  // namespace

asio::awaitable<std::vector<job_ptr>> fetch_next_and_lock(queue_ptr queue, claim_request request)
{
    queue->check_open();
    domain::check(request);
    const auto until = later(queue->ports->time->steady_now(), request.wait);
    attached<queue_core, claim_watch> wake{queue, queue->ports->loop};
    for (;;) {
        wake->called = false;
        const auto answer = co_await claim_now(queue, request);
        if (!answer.claimed.empty()) {
            const bool throws = co_await asio::this_coro::throw_if_cancelled();
            if (!throws || !is_cancelled(co_await asio::this_coro::cancellation_state))
                co_return handles(queue, answer.claimed);
            co_await asio::this_coro::throw_if_cancelled(false);
            const auto ended = co_await caught(give_back(queue, answer.claimed));
            co_await asio::this_coro::throw_if_cancelled(throws);
            rethrow(ended);
            throw boost::system::system_error{asio::error::operation_aborted};
        }
        const auto now = queue->ports->time->steady_now();
        if (now >= until)
            co_return std::vector<job_ptr>{};
        const auto look = std::min({until, due_in(*queue, answer.next_due), later(now, longest_sleep)});
        queue->ports->worker_idle.set();
        co_await wait_until(*wake, queue->ports->time, look);
        queue->check_open();
    }
}

asio::awaitable<void> complete(queue_ptr queue, claim held, std::string result)
{
    domain::check_json("result", result, queue->options().size_limit);
    auto job = co_await held_job(queue, std::move(held));
    auto change = domain::after_success(job, std::move(result), queue->ports->time->wall_now());
    co_await settle(queue, std::move(job), std::move(change));
}

asio::awaitable<void> fail(queue_ptr queue, claim held, failure why)
{
    auto job = co_await held_job(queue, std::move(held));
    auto change = domain::after_failure(job, std::move(why), queue->ports->time->wall_now(), queue->ports->draw());
    co_await settle(queue, std::move(job), std::move(change));
}

asio::awaitable<void> release(queue_ptr queue, claim held)
{
    auto job = co_await held_job(queue, std::move(held));
    auto change = domain::after_release(job);
    co_await settle(queue, std::move(job), std::move(change));
}

asio::awaitable<void> extend_lock(queue_ptr queue, claim held, milliseconds duration)
{
    queue->check_open();
    domain::check(claim_request{.lock_duration = duration});
    std::vector<lock_extension> locks;
    locks.push_back({.job = {.queue = queue->name, .id = held.id, .token = held.token}, .duration = duration});
    const auto renewed =
        co_await queue->ports->repository->extend_locks(queue->ports->time->wall_now(), std::move(locks));
    if (held.token.empty() || !renewed.front().held)
        throw lock_lost(held.id);
}

}  // namespace cofila::detail
