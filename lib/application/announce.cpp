#include <cofila/events.hpp>

#include <algorithm>

#include "application/queue_core.hpp"
#include "domain/transitions.hpp"

namespace cofila::detail {

namespace {

using signals = queue_events;

void announce_failure(event_hub<signals>& hub, const job_record& before, const transition& change)
{
    if (change.to == job_state::failed) {
        hub.emit(&signals::failed, failed_event{.id = before.id, .reason = change.failed_reason});
        if (change.retries_exhausted)
            hub.emit(
                &signals::retries_exhausted,
                retries_exhausted_event{.id = before.id, .attempts_made = change.attempts_made}
            );
        return;
    }
    const auto& ended = *change.failed_attempt;
    const auto delay = change.run_at ? *change.run_at - ended.at : milliseconds{};
    hub.emit(
        &signals::retrying,
        retrying_event{.id = before.id, .error = ended.error, .delay = delay, .attempts_made = change.attempts_made}
    );
}

}  // namespace

void announce_added(queue_core& queue, const added_row& row, bool taken)
{
    auto& hub = *queue.hub;
    const auto& job = *row.job;
    if (row.duplicate) {
        hub.emit(&signals::duplicated, duplicated_event{.id = job.id});
        return;
    }
    hub.emit(&signals::added, added_event{.id = job.id, .name = job.name});
    if (job.state == job_state::delayed) {
        hub.emit(&signals::delayed, delayed_event{.id = job.id, .run_at = *job.run_at});
        queue.note_due(*job.run_at);
    } else {
        hub.emit(&signals::waiting, waiting_event{.id = job.id});
        if (!taken)
            queue.wake_workers();
    }
}

void announce_claimed(queue_core& queue, const settle_and_claim_answer& answer)
{
    auto& hub = *queue.hub;
    for (const auto& id : answer.promoted)
        hub.emit(&signals::waiting, waiting_event{.id = id, .previous = job_state::delayed});
    for (const auto& job : answer.damaged)
        hub.emit(&signals::failed, failed_event{.id = job->id, .reason = job->failed_reason});
    for (const auto& job : answer.claimed)
        hub.emit(&signals::active, active_event{.id = job->id, .worker = job->worker});
    if (answer.drained)
        hub.emit(&signals::drained, drained_event{});
    if (answer.promoted.size() > answer.claimed.size())
        queue.wake_workers();  // more became due than this claim took
}

void announce_settled(queue_core& queue, const job_record& before, const transition& change)
{
    auto& hub = *queue.hub;
    if (change.to == job_state::completed)
        hub.emit(&signals::completed, completed_event{.id = before.id, .result = change.result});
    else if (change.failed_attempt)
        announce_failure(hub, before, change);
    else
        hub.emit(&signals::released, released_event{.id = before.id});
    if (change.remove)
        hub.emit(&signals::removed, removed_event{.id = before.id});
    if (change.to == job_state::delayed)
        queue.note_due(*change.run_at);
    else if (change.to == job_state::waiting)
        queue.wake_workers();
}

void announce_rescued(queue_core& queue, const job_record& job)
{
    auto& hub = *queue.hub;
    hub.emit(&signals::stalled, stalled_event{.id = job.id, .stalled_count = job.stalled_count});
    if (job.state == job_state::failed) {
        hub.emit(&signals::failed, failed_event{.id = job.id, .reason = job.failed_reason});
        if (job.options->on_failed->remove)
            hub.emit(&signals::removed, removed_event{.id = job.id});
    } else if (job.state == job_state::delayed)
        queue.note_due(*job.run_at);
    else
        queue.wake_workers();
}

}  // namespace cofila::detail
