#include "recorder.hpp"

#include <boost/json/serialize.hpp>

#include "support/manual_clock.hpp"

namespace cofila::test {

template <class Signal, class Text>
void recorder::on(Signal& from, Text text)
{
    connections_.emplace_back(from.connect([this, text](const auto& e) { write(text(e)); }));
}

void recorder::listen(queue_events& from)
{
    const auto since_start = [](time_point at) { return std::to_string((at - manual_clock::start).count()); };
    on(from.added, [](const added_event& e) { return "added " + e.id.str() + " " + e.name; });
    on(from.waiting, [](const waiting_event& e) {
        return "waiting " + e.id.str() + (e.previous ? " from " + std::string{to_string(*e.previous)} : "");
    });
    on(from.delayed,
       [=](const delayed_event& e) { return "delayed " + e.id.str() + " until " + since_start(e.run_at); });
    on(from.active, [](const active_event& e) { return "active " + e.id.str(); });
    on(from.progress,
       [](const progress_event& e) { return "progress " + e.id.str() + " " + boost::json::serialize(e.progress); });
    on(from.log, [](const log_event& e) { return "log " + e.id.str() + " " + e.line; });
    on(from.completed, [](const completed_event& e) { return "completed " + e.id.str() + " " + e.result; });
    on(from.failed, [](const failed_event& e) { return "failed " + e.id.str() + " " + e.reason; });
    on(from.retrying, [](const retrying_event& e) {
        return "retrying " + e.id.str() + " after " + std::to_string(e.delay.count()) + " made " +
               std::to_string(e.attempts_made) + " " + e.error.message;
    });
    on(from.retries_exhausted, [](const retries_exhausted_event& e) {
        return "retries_exhausted " + e.id.str() + " " + std::to_string(e.attempts_made);
    });
    on(from.stalled,
       [](const stalled_event& e) { return "stalled " + e.id.str() + " " + std::to_string(e.stalled_count); });
    on(from.released, [](const released_event& e) { return "released " + e.id.str(); });
    on(from.duplicated, [](const duplicated_event& e) { return "duplicated " + e.id.str(); });
    on(from.deduplicated, [](const deduplicated_event& e) {
        return "deduplicated " + e.dedup_id + " by " + e.owner.str() + (e.kept ? " keeps " + e.kept->str() : "");
    });
    on(from.removed, [](const removed_event& e) { return "removed " + e.id.str(); });
    on(from.cleaned, [](const cleaned_event& e) { return "cleaned " + std::to_string(e.count); });
    on(from.drained, [](const drained_event&) { return "drained"; });
    on(from.paused, [](const paused_event&) { return "paused"; });
    on(from.resumed, [](const resumed_event&) { return "resumed"; });
    on(from.error, [](const error_event& e) { return "error " + e.text; });
}

void recorder::listen(worker_events& from)
{
    on(from.job_active, [](const job_active_event& e) {
        return "job_active " + e.id.str() + " " + e.name + " " + std::to_string(e.attempt);
    });
    on(from.job_processed, [](const job_processed_event& e) { return "job_processed " + e.id.str() + " " + e.name; });
    on(from.job_errored,
       [](const job_errored_event& e) { return "job_errored " + e.id.str() + " " + e.name + " " + e.error.message; });
    on(from.lock_lost, [](const lock_lost_event& e) { return "lock_lost " + e.id.str(); });
    on(from.stuck,
       [](const stuck_event& e) { return "stuck " + e.id.str() + " " + std::to_string(e.since_asked.count()); });
    on(from.long_running, [](const long_running_event& e) {
        return "long_running " + e.id.str() + " " + std::to_string(e.running.count());
    });
    on(from.error, [](const error_event& e) { return "error " + e.text; });
    on(from.ready, [](const ready_event&) { return "ready"; });
    on(from.closing, [](const closing_event&) { return "closing"; });
    on(from.closed, [](const closed_event&) { return "closed"; });
}

}  // namespace cofila::test
