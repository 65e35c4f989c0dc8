// The sweep.
#include <cstddef>
#include <cstdint>

#include "domain/transitions.hpp"
#include "memory/repository.hpp"

namespace cofila::memory {

namespace asio = boost::asio;
using cause = job_news::cause;

namespace {

/// Does nothing if the lock is not as it was seen.
void rescue(stored_queue& queue, const rescue_order& order, time_point now, news_list& news)
{
    const auto* job = queue.find(order.key);
    if (!job || !holds_lock(job->record, order.token) || job->record.locked_until != order.locked_until)
        return;
    // Its holder may come back: from now on it has lost the job, whatever its state.
    queue.change(order.key, [](stored_job& rescued) { rescued.record.token.clear(); });
    queue.carry_out(order.key, domain::mark_as_stalled(job->record, now, order.jitter), cause::stalled, news);
}

/// Lets the job alone if it was started in time.
void expire(stored_queue& queue, std::int64_t key, time_point now, news_list& news)
{
    const auto& job = queue.at(key).record;
    if (domain::has_expired(job, now))
        queue.carry_out(key, domain::after_expiry(job, now), cause::unfit, news);
    else
        queue.change(key, [](stored_job& started) { started.record.expires_at.reset(); });
}

void prune(stored_queue& queue, std::int64_t key, news_list& news)
{
    const auto& job = queue.at(key).record;
    news.push_back({.why = cause::cleaned, .job = snapshot(job), .was = job.state, .gone = true});
    queue.remove(key, news);
}

}  // namespace

asio::awaitable<sweep_answer> repository::sweep(sweep_request request)
{
    check_open();
    const auto limit = static_cast<std::size_t>(request.limit);
    std::size_t promoted = 0;
    std::size_t overdue = 0;
    std::size_t removed = 0;
    sweep_answer answer;
    auto& news = answer.news;
    for (auto& [name, queue] : queues_) {
        promoted += queue.promote_due(request.now, limit - promoted, news);
        for (const auto& order : request.rescues)
            rescue(queue, order, request.now, news);
        const auto late = queue.overdue(request.now, limit - overdue);
        for (const auto key : late)
            expire(queue, key, request.now, news);
        overdue += late.size();
        const auto over = queue.prunable(request.now, limit - removed);
        for (const auto key : over)
            prune(queue, key, news);
        removed += over.size();
        queue.forget_groups();
    }
    answer.more = promoted == limit || overdue == limit || removed == limit;
    co_return answer;
}

}  // namespace cofila::memory
