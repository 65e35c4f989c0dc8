// What the store says about attempts that have ended, and about the jobs that it gives. An attempt that the store calls
// lost is dropped, unless it is known that its processor completed the job in a transaction of the application: then
// that counts, whatever came after.
#include <algorithm>
#include <utility>

#include "domain/dedup.hpp"
#include "worker/worker_core.hpp"

namespace cofila::detail {

namespace {

/// Whether the processor completed the job in a transaction of the application. If the store has reported it to an
/// earlier question, it is added to the news.
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

void worker_core::settled(const std::vector<ended_attempt>& ended, settle_and_claim_answer& answer, steady_time asked)
{
    const auto completed = apply(ended, answer);
    announce(*queue, answer);
    for (const auto& attempt : completed)
        announce_processed(*attempt->job);
    for (const auto& job : answer.claimed)
        take(job, asked);
    start_ready();
}

/// Returns the attempts whose jobs were completed before: the news report these.
std::vector<attempt_ptr> worker_core::apply(const std::vector<ended_attempt>& ended, settle_and_claim_answer& answer)
{
    std::vector<attempt_ptr> completed;
    for (std::size_t i = 0; i < ended.size(); ++i) {
        const auto& attempt = ended[i].attempt;
        const auto what = answer.settlements[i];
        if (what == settled::lost && !attempt->completed) {
            not_stored(*attempt);
            lose(attempt);
            continue;
        }
        slots_.let_go(attempt);
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
        hub->emit(&worker_events::job_errored, [&] {
            return job_errored_event{.id = job.id, .name = job.name, .error = ended.change.failed_attempt->error};
        });
}

void worker_core::announce_processed(const job_record& job)
{
    hub->emit(&worker_events::job_processed, [&] { return job_processed_event{.id = job.id, .name = job.name}; });
}

}  // namespace cofila::detail
