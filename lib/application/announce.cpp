#include <cofila/events.hpp>

#include <algorithm>

#include "application/queue_core.hpp"
#include "domain/dedup.hpp"
#include "domain/log_lines.hpp"
#include "domain/transitions.hpp"

namespace cofila::detail {

namespace {

void log_failure(
    const queue_core& queue,
    const job_id& id,
    const std::string& reason,
    std::optional<domain::attempts_made> attempts = {}
)
{
    if (const auto& log = queue.ports->log; log.hears(log_level::error))
        log(log_level::error, domain::failure_line(queue.name, id, reason, attempts));
}

domain::attempts_made counted(int made, const job_record& job) { return {made, job.options->attempts.value_or(1)}; }

void announce_failure(queue_core& queue, const job_record& before, const transition& change)
{
    auto& hub = *queue.hub;
    if (change.to == job_state::failed) {
        log_failure(queue, before.id, change.failed_reason, counted(change.attempts_made, before));
        hub.emit(&queue_events::failed, failed_event{.id = before.id, .reason = change.failed_reason});
        if (change.retries_exhausted)
            hub.emit(
                &queue_events::retries_exhausted,
                retries_exhausted_event{.id = before.id, .attempts_made = change.attempts_made}
            );
        return;
    }
    if (const auto& log = queue.ports->log; log.hears(log_level::warning))
        log(log_level::warning, domain::retry_line(queue.name, before, change));
    const auto& ended = *change.failed_attempt;
    const auto delay = change.run_at ? *change.run_at - ended.at : milliseconds{};
    hub.emit(
        &queue_events::retrying,
        retrying_event{.id = before.id, .error = ended.error, .delay = delay, .attempts_made = change.attempts_made}
    );
}

}  // namespace

void announce_added(queue_core& queue, const added_row& row, bool taken)
{
    auto& hub = *queue.hub;
    const auto& job = *row.job;
    if (row.duplicate) {
        hub.emit(&queue_events::duplicated, duplicated_event{.id = job.id});
        return;
    }
    for (const auto& id : row.replaced)
        hub.emit(&queue_events::removed, removed_event{.id = id});
    if (row.deduplicated_by) {
        const bool kept = job.id != *row.deduplicated_by;
        hub.emit(
            &queue_events::deduplicated,
            deduplicated_event{
                .owner = *row.deduplicated_by,
                .dedup_id = job.options->dedup ? job.options->dedup->id : std::string{},
                .kept = kept ? std::optional{job.id} : std::nullopt
            }
        );
        if (!kept)
            return;
    }
    hub.emit(&queue_events::added, added_event{.id = job.id, .name = job.name});
    if (job.kept_for != 0)
        return;
    if (job.state == job_state::delayed) {
        hub.emit(&queue_events::delayed, delayed_event{.id = job.id, .run_at = *job.run_at});
        queue.note_due(*job.run_at);
    } else {
        hub.emit(&queue_events::waiting, waiting_event{.id = job.id});
        if (!taken)
            queue.wake_for(1);
    }
}

void announce_claimed(queue_core& queue, const settle_and_claim_answer& answer)
{
    auto& hub = *queue.hub;
    for (const auto& id : answer.promoted)
        hub.emit(&queue_events::waiting, waiting_event{.id = id, .previous = job_state::delayed});
    for (const auto& job : answer.failed)
        announce_failed(queue, *job);
    for (const auto& job : answer.claimed)
        hub.emit(&queue_events::active, active_event{.id = job->id, .worker = job->worker});
    if (answer.drained)
        hub.emit(&queue_events::drained, drained_event{});
    if (answer.limited)
        queue.note_limited();
    if (answer.promoted.size() > answer.claimed.size())
        queue.wake_for(answer.promoted.size() - answer.claimed.size());  // more became due than this claim took
}

void announce_settled(queue_core& queue, const job_record& before, const transition& change)
{
    auto& hub = *queue.hub;
    if (change.to == job_state::completed)
        hub.emit(&queue_events::completed, completed_event{.id = before.id, .result = change.result});
    else if (change.failed_attempt || change.to == job_state::failed)
        announce_failure(queue, before, change);
    else if (change.deferrals == before.deferrals)
        hub.emit(&queue_events::released, released_event{.id = before.id});
    else if (change.to == job_state::delayed)
        hub.emit(&queue_events::delayed, delayed_event{.id = before.id, .run_at = *change.run_at});
    else
        hub.emit(&queue_events::waiting, waiting_event{.id = before.id, .previous = job_state::active});
    if (change.remove && !domain::holds_on(before, *change.finished_at))
        hub.emit(&queue_events::removed, removed_event{.id = before.id});
    if (is_finished(change.to))
        queue.tell_finished(before.id, change);
    if (change.to == job_state::delayed)
        queue.note_due(*change.run_at);
    if (queue.is_limited())
        queue.wake_workers();
    else if (change.to == job_state::waiting)
        queue.wake_for(1);
}

void announce_failed(queue_core& queue, const job_record& job)
{
    auto& hub = *queue.hub;
    log_failure(queue, job.id, job.failed_reason, counted(job.attempts_made, job));
    hub.emit(&queue_events::failed, failed_event{.id = job.id, .reason = job.failed_reason});
    if (job.options->on_failed->remove && !domain::holds_on(job, *job.finished_at))
        hub.emit(&queue_events::removed, removed_event{.id = job.id});
    queue.tell_finished(job.id, {.to = job_state::failed, .failed_reason = job.failed_reason});
    if (queue.is_limited())
        queue.wake_workers();
}

void announce_cancelled(queue_core& queue, const job_id& id, const std::string& reason)
{
    log_failure(queue, id, reason);
    queue.hub->emit(&queue_events::failed, failed_event{.id = id, .reason = reason});
    queue.tell_finished(id, {.to = job_state::failed, .failed_reason = reason});
}

void announce_rescued(queue_core& queue, const job_record& job)
{
    auto& hub = *queue.hub;
    hub.emit(&queue_events::stalled, stalled_event{.id = job.id, .stalled_count = job.stalled_count});
    if (const auto& log = queue.ports->log; job.state != job_state::failed && log.hears(log_level::warning))
        log(log_level::warning, domain::stall_line(queue.name, job));
    if (job.state == job_state::failed)
        announce_failed(queue, job);
    else if (job.state == job_state::delayed)
        queue.note_due(*job.run_at);
    if (queue.is_limited())
        queue.wake_workers();
    else if (job.state == job_state::waiting)
        queue.wake_for(1);
}

}  // namespace cofila::detail
