#include <cofila/events.hpp>

#include <algorithm>

#include "application/queue_core.hpp"
#include "domain/dedup.hpp"
#include "domain/transitions.hpp"

namespace cofila::detail {

namespace {

void announce_failure(event_hub<queue_events>& hub, const job_record& before, const transition& change)
{
    if (change.to == job_state::failed) {
        hub.emit(&queue_events::failed, failed_event{.id = before.id, .reason = change.failed_reason});
        if (change.retries_exhausted)
            hub.emit(
                &queue_events::retries_exhausted,
                retries_exhausted_event{.id = before.id, .attempts_made = change.attempts_made}
            );
        return;
    }
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
            queue.wake_workers();
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
        queue.wake_workers();  // more became due than this claim took
}

void announce_settled(queue_core& queue, const job_record& before, const transition& change)
{
    auto& hub = *queue.hub;
    if (change.to == job_state::completed)
        hub.emit(&queue_events::completed, completed_event{.id = before.id, .result = change.result});
    else if (change.failed_attempt || change.to == job_state::failed)
        announce_failure(hub, before, change);
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
    if (change.to == job_state::waiting || queue.is_limited())
        queue.wake_workers();
}

void announce_failed(queue_core& queue, const job_record& job)
{
    auto& hub = *queue.hub;
    hub.emit(&queue_events::failed, failed_event{.id = job.id, .reason = job.failed_reason});
    if (job.options->on_failed->remove && !domain::holds_on(job, *job.finished_at))
        hub.emit(&queue_events::removed, removed_event{.id = job.id});
    queue.tell_finished(job.id, {.to = job_state::failed, .failed_reason = job.failed_reason});
    if (queue.is_limited())
        queue.wake_workers();
}

void announce_rescued(queue_core& queue, const job_record& job)
{
    auto& hub = *queue.hub;
    hub.emit(&queue_events::stalled, stalled_event{.id = job.id, .stalled_count = job.stalled_count});
    if (job.state == job_state::failed)
        announce_failed(queue, job);
    else if (job.state == job_state::delayed)
        queue.note_due(*job.run_at);
    if (job.state == job_state::waiting || queue.is_limited())
        queue.wake_workers();
}

}  // namespace cofila::detail
