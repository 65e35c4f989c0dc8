// The transitions for changes from outside.
#include <variant>

#include "domain/overloaded.hpp"
#include "domain/text.hpp"
#include "domain/transition_steps.hpp"
#include "domain/transitions.hpp"

namespace cofila::domain {

transition after_promotion(const job_record& job)
{
    auto change = move_to(job, job_state::waiting);
    change.due_at = job.run_at;
    return change;
}

transition after_retry(const job_record& job, retry_options options)
{
    auto change = move_to(job, job_state::waiting);
    change.place = back_of_line(job);
    change.failed_reason.clear();
    change.stalled_count = 0;
    change.forget_expiry = true;
    if (!options.keep_attempts) {
        change.attempts_made = 0;
        change.deferrals = 0;
    }
    return change;
}

namespace {

/// A transition that keeps the state, for changes of something else.
transition stay(const job_record& job)
{
    auto change = move_to(job, job.state);
    change.run_at = job.run_at;
    change.finished_at = job.finished_at;
    change.result = job.result;
    change.failed_reason = job.failed_reason;
    return change;
}

/// A rule for each kind of change, with what is known about the job.
struct changing {
    const job_record& job;
    time_point now;

    using answer = std::optional<transition>;

    answer operator()(const removal&) const
    {
        return job.state == job_state::active ? answer{} : (*this)(forced_removal{});
    }
    answer operator()(const forced_removal&) const
    {
        auto change = stay(job);
        change.remove = true;
        change.frees_dedup = false;  // nothing is left that could hold the id
        return change;
    }
    answer operator()(const promotion&) const
    {
        return job.state == job_state::delayed ? answer{after_promotion(job)} : answer{};
    }
    answer operator()(const retrial& what) const
    {
        return is_finished(job.state) ? answer{after_retry(job, what.options)} : answer{};
    }
    answer operator()(const new_delay& what) const
    {
        if (!waits(job))
            return {};
        auto change = move_to(job, job_state::waiting);
        wait_again(change, what.wait, now);
        return change;
    }
    answer operator()(const new_priority& what) const
    {
        if (!waits(job))
            return {};
        auto change = stay(job);
        change.priority = what.priority;
        change.place = what.lifo ? transition::placement::head : transition::placement::tail;
        return change;
    }
    answer operator()(const cancellation& what) const
    {
        if (is_finished(job.state))
            return {};
        if (job.state != job_state::active)
            return after_cancellation(job, what.why, now);
        auto change = stay(job);
        change.cancelled = storable_text(what.why);
        return change;
    }
};

}  // namespace

std::optional<transition> after_change(const job_record& job, const job_change& what, time_point now)
{
    auto change = std::visit(changing{.job = job, .now = now}, what);
    if (change && change->to == job_state::waiting && job.state != job_state::waiting)
        change->due_at = now;
    return change;
}

job_news::cause cause_of(const job_change& change)
{
    using cause = job_news::cause;
    const overloaded name{
        [](const removal&) { return cause::removed; },
        [](const forced_removal&) { return cause::removed; },
        [](const promotion&) { return cause::promoted; },
        [](const retrial&) { return cause::retried; },
        [](const new_delay&) { return cause::postponed; },
        [](const new_priority&) { return cause::prioritized; },
        [](const cancellation&) { return cause::cancelled; },
    };
    return std::visit(name, change);
}

job_news::cause cause_in_bulk(const job_change& change)
{
    const auto why = cause_of(change);
    return why == job_news::cause::removed ? job_news::cause::cleaned : why;
}

}  // namespace cofila::domain
