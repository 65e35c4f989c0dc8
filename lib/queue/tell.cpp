#include <cofila/events.hpp>

#include <algorithm>

#include "domain/dedup.hpp"
#include "domain/log_lines.hpp"
#include "queue/queue_core.hpp"

namespace cofila::detail {

namespace {

void log_failure(const queue_core& queue, const job_record& job, const std::string& reason, int attempts_made)
{
    const domain::attempts_made attempts{attempts_made, job.options->attempts.value_or(1)};
    if (const auto& log = queue.ports->log; log.hears(log_level::error))
        log(log_level::error, domain::failure_line(queue.name, job.id, reason, attempts));
}

void announce_failure(queue_core& queue, const job_record& before, const transition& change)
{
    auto& hub = *queue.hub;
    if (change.to == job_state::failed) {
        log_failure(queue, before, change.failed_reason, change.attempts_made);
        hub.emit(&queue_events::failed, [&] { return failed_event{.id = before.id, .reason = change.failed_reason}; });
        if (change.retries_exhausted)
            hub.emit(&queue_events::retries_exhausted, [&] {
                return retries_exhausted_event{.id = before.id, .attempts_made = change.attempts_made};
            });
        return;
    }
    if (const auto& log = queue.ports->log; log.hears(log_level::warning))
        log(log_level::warning, domain::retry_line(queue.name, before, change));
    const auto& ended = *change.failed_attempt;
    const auto delay = change.run_at ? *change.run_at - ended.at : milliseconds{};
    hub.emit(&queue_events::retrying, [&] {
        return retrying_event{
            .id = before.id, .error = ended.error, .delay = delay, .attempts_made = change.attempts_made
        };
    });
}

void announce_waiting(queue_core& queue, const job_news& news)
{
    if (news.was != job_state::waiting)
        queue.hub->emit(&queue_events::waiting, [&] {
            return waiting_event{.id = news.job->id, .previous = news.was};
        });
}

void announce_delayed(queue_core& queue, const job_record& job)
{
    queue.hub->emit(&queue_events::delayed, [&] { return delayed_event{.id = job.id, .run_at = *job.run_at}; });
    queue.note_due(*job.run_at);
}

void announce_added(queue_core& queue, const job_news& news)
{
    const auto& job = *news.job;
    queue.hub->emit(&queue_events::added, [&] { return added_event{.id = job.id, .name = job.name}; });
    if (job.kept_for != 0)
        return;
    if (job.state == job_state::delayed)
        announce_delayed(queue, job);
    else
        announce_waiting(queue, news);
}

void announce_deduplicated(queue_core& queue, const job_news& news)
{
    const auto& owner = *news.job;
    queue.hub->emit(&queue_events::deduplicated, [&] {
        return deduplicated_event{
            .owner = owner.id,
            .dedup_id = owner.options->dedup ? owner.options->dedup->id : std::string{},
            .kept = news.kept
        };
    });
}

void announce_removed(queue_core& queue, const job_id& id)
{
    queue.hub->emit(&queue_events::removed, [&] { return removed_event{.id = id}; });
}

/// Reports a job that has finished without a settlement of this process.
void announce_end(queue_core& queue, const job_news& news)
{
    const auto& job = *news.job;
    if (job.state == job_state::completed) {
        queue.hub->emit(&queue_events::completed, [&] { return completed_event{.id = job.id, .result = job.result}; });
    } else {
        log_failure(queue, job, job.failed_reason, job.attempts_made);
        queue.hub->emit(&queue_events::failed, [&] { return failed_event{.id = job.id, .reason = job.failed_reason}; });
    }
    if (news.gone)
        announce_removed(queue, job.id);
    queue.tell_finished(job.id, job.state, job.result, job.failed_reason);
}

void announce_stalled(queue_core& queue, const job_news& news)
{
    const auto& job = *news.job;
    queue.hub->emit(&queue_events::stalled, [&] {
        return stalled_event{.id = job.id, .stalled_count = job.stalled_count};
    });
    if (job.state == job_state::failed)
        return announce_end(queue, news);
    if (const auto& log = queue.ports->log; log.hears(log_level::warning))
        log(log_level::warning, domain::stall_line(queue.name, job));
    if (job.state == job_state::delayed)
        queue.note_due(*job.run_at);
}

void announce_cancelled(queue_core& queue, const job_news& news)
{
    // A worker in another process learns of it from the store.
    if (const auto& job = *news.job; job.state == job_state::active)
        queue.ask_to_end(job.id, job.cancelled.value_or(""));
    else
        announce_end(queue, news);
}

void announce_postponed(queue_core& queue, const job_news& news)
{
    if (news.job->state == job_state::delayed)
        announce_delayed(queue, *news.job);
    else
        announce_waiting(queue, news);
}

void announce_one(queue_core& queue, const job_news& news)
{
    using cause = job_news::cause;
    switch (news.why) {
    case cause::added:
        return announce_added(queue, news);
    case cause::duplicated:
        return queue.hub->emit(&queue_events::duplicated, [&] { return duplicated_event{.id = news.job->id}; });
    case cause::deduplicated:
        return announce_deduplicated(queue, news);
    case cause::due:
    case cause::freed:
    case cause::promoted:
    case cause::retried:
        return announce_waiting(queue, news);
    case cause::unfit:
    case cause::completed:
        return announce_end(queue, news);
    case cause::stalled:
        return announce_stalled(queue, news);
    case cause::postponed:
        return announce_postponed(queue, news);
    case cause::cancelled:
        return announce_cancelled(queue, news);
    case cause::replaced:
    case cause::removed:
        return announce_removed(queue, news.job->id);
    case cause::prioritized:  // no event
    case cause::cleaned:      // reported together
        return;
    }
}

bool can_be_claimed(const job_news& news)
{
    return news.job->state == job_state::waiting && news.was != job_state::waiting && !news.gone;
}

/// Wakes what waits for something that has happened. `taken`: jobs that were claimed in the same transaction.
void wake(queue_core& queue, const news_list& news, std::size_t taken)
{
    using cause = job_news::cause;
    const auto any = [&](auto which) { return std::ranges::any_of(news, which); };
    const auto waiting = static_cast<std::size_t>(std::ranges::count_if(news, can_be_claimed));
    if (any([](const job_news& one) { return one.gone; }))
        queue.look_again();  // calls that wait for its end must return
    else if (any([](const job_news& one) { return one.why == cause::prioritized; }) ||
             (queue.is_limited() && any([](const job_news& one) { return one.was == job_state::active; })))
        queue.wake_workers();
    else if (waiting > taken)
        queue.wake_for(waiting - taken);
}

}  // namespace

void announce(queue_core& queue, const news_list& news, const std::vector<job_snapshot>& claimed)
{
    const auto cleaned = [](const job_news& one) { return one.why == job_news::cause::cleaned; };
    if (const auto count = std::ranges::count_if(news, cleaned); count > 0)
        queue.hub->emit(&queue_events::cleaned, [&] {
            return cleaned_event{.count = static_cast<std::size_t>(count)};
        });
    for (const auto& one : news)
        announce_one(queue, one);
    for (const auto& job : claimed)
        queue.hub->emit(&queue_events::active, [&] { return active_event{.id = job->id, .worker = job->worker}; });
    wake(queue, news, claimed.size());
}

void announce(queue_core& queue, const settle_and_claim_answer& answer)
{
    announce(queue, answer.news, answer.claimed);
    if (answer.drained)
        queue.hub->emit(&queue_events::drained, drained_event{});
    if (answer.limited)
        queue.note_limited();
}

void announce_settled(queue_core& queue, const job_record& before, const transition& change)
{
    auto& hub = *queue.hub;
    if (change.to == job_state::completed)
        hub.emit(&queue_events::completed, [&] { return completed_event{.id = before.id, .result = change.result}; });
    else if (change.failed_attempt || change.to == job_state::failed)
        announce_failure(queue, before, change);
    else if (change.deferrals == before.deferrals)
        hub.emit(&queue_events::released, [&] { return released_event{.id = before.id}; });
    else if (change.to == job_state::delayed)
        hub.emit(&queue_events::delayed, [&] { return delayed_event{.id = before.id, .run_at = *change.run_at}; });
    else
        hub.emit(&queue_events::waiting, [&] { return waiting_event{.id = before.id, .previous = job_state::active}; });
    if (change.remove && !domain::holds_on(before, *change.finished_at))
        announce_removed(queue, before.id);
    if (is_finished(change.to))
        queue.tell_finished(before.id, change.to, change.result, change.failed_reason);
    if (change.to == job_state::delayed)
        queue.note_due(*change.run_at);
    if (queue.is_limited())
        queue.wake_workers();
    else if (change.to == job_state::waiting)
        queue.wake_for(1);
}

}  // namespace cofila::detail
