#include "domain/transitions.hpp"

#include <algorithm>
#include <cassert>
#include <utility>
#include <variant>

#include "domain/backoff.hpp"
#include "domain/dedup.hpp"
#include "domain/ids.hpp"
#include "domain/overloaded.hpp"
#include "domain/text.hpp"
#include "domain/validation.hpp"

namespace cofila::domain {

namespace {

/// A transition to `to` that changes nothing else unless a rule says so.
transition move_to(const job_record& job, job_state to)
{
    return {
        .to = to,
        .attempts_made = job.attempts_made,
        .stalled_count = job.stalled_count,
        .deferrals = job.deferrals,
        .attempts_started = job.attempts_started,
        .processed_at = job.processed_at,
        .worker = job.worker,
        .failed_reason = is_finished(to) ? std::string{} : job.failed_reason,
        .keep_attempts = job.options->keep_attempts.value_or(0),
        .frees_dedup = job.options->dedup && is_finished(to)
    };
}

void finish(transition& change, const retention& keep, time_point now)
{
    change.finished_at = now;
    change.remove = keep.remove;
    if (keep.age)
        change.prune_at = now + *keep.age;
    if (keep.count)
        change.prune_count = static_cast<std::int64_t>(*keep.count);
}

time_point saturated(time_point now, milliseconds wait)
{
    return now > time_point::max() - wait ? time_point::max() : now + wait;
}

/// Lets it wait now, or later if there is a delay. Saturates, so that a job is never lost to a date.
void wait_again(transition& change, milliseconds delay, time_point now)
{
    if (delay.count() <= 0)
        return;
    change.to = job_state::delayed;
    change.run_at = saturated(now, delay);
}

transition::placement back_of_line(const job_record& job)
{
    return *job.options->lifo ? transition::placement::head : transition::placement::tail;
}

/// The job fails for good, and not by an attempt of its own.
transition give_up(const job_record& job, std::string reason, time_point now)
{
    auto change = move_to(job, job_state::failed);
    change.failed_reason = storable_text(std::move(reason));
    finish(change, *job.options->on_failed, now);
    return change;
}

attempt record_of(const job_record& job, int number, failure why, time_point now)
{
    why.message = storable_text(std::move(why.message));
    why.type = storable_text(std::move(why.type));
    why.detail = storable_text(std::move(why.detail));
    return {.number = number, .error = std::move(why), .at = now, .worker = job.worker};
}

bool waits(const job_record& job) { return job.state == job_state::waiting || job.state == job_state::delayed; }

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

}  // namespace

job_record new_job(
    job_id id, std::string name, std::string data, std::shared_ptr<const job_options> options, time_point now
)
{
    job_record job{.id = std::move(id), .name = std::move(name), .data = std::move(data)};
    job.priority = *options->priority;
    job.timestamp = now;
    if (*options->delay > milliseconds{}) {
        job.state = job_state::delayed;
        job.run_at = add_delay("delay", now, *options->delay);
    }
    if (options->dedup) {
        job.holds_dedup = true;
        job.dedup_until = hold_until(*options->dedup, now);
    }
    if (options->ttl)
        job.expires_at = add_delay("ttl", now, *options->ttl);
    job.options = std::move(options);
    return job;
}

transition after_success(const job_record& job, std::string result, time_point now)
{
    auto change = move_to(job, job_state::completed);
    change.attempts_made += 1;
    change.result = std::move(result);
    finish(change, *job.options->on_completed, now);
    return change;
}

transition after_transactional_success(const job_record& job, std::string result, time_point now)
{
    auto change = after_success(job, std::move(result), now);
    const auto asked_by = saturated(now, job.lock_duration);  // the lock is renewed before that
    const bool at_once = std::exchange(change.remove, false) || change.prune_count == 0;
    if (at_once) {
        change.prune_at = asked_by;
        change.prune_count.reset();
    }
    if (change.prune_at)
        change.prune_at = std::max(*change.prune_at, asked_by);
    return change;
}

bool may_try_again(const job_record& job, const failure& why)
{
    return !why.unrecoverable && job.attempts_made + 1 < *job.options->attempts;
}

transition after_failure(const job_record& job, failure why, time_point now, double draw)
{
    return after_failure(job, std::move(why), now, next_delay(*job.options->backoff, job.attempts_made + 1, draw));
}

transition after_failure(const job_record& job, failure why, time_point now, milliseconds wait)
{
    auto change = move_to(job, job_state::waiting);
    change.attempts_made += 1;
    const bool again = may_try_again(job, why);
    const bool exhausted = !why.unrecoverable;
    change.failed_attempt = record_of(job, change.attempts_made, std::move(why), now);
    change.failed_reason = change.failed_attempt->error.message;
    if (again) {
        change.place = back_of_line(job);
        change.next_of_group = job.options->group.has_value();
        wait_again(change, wait, now);
    } else {
        change.to = job_state::failed;
        change.frees_dedup = job.options->dedup.has_value();
        change.retries_exhausted = exhausted;
        finish(change, *job.options->on_failed, now);
    }
    return change;
}

transition after_deferral(const job_record& job, const deferral& when, time_point now)
{
    if (job.deferrals >= *job.options->max_deferrals)
        return give_up(job, deferred_reason, now);
    auto change = move_to(job, job_state::waiting);
    change.deferrals += 1;
    const overloaded put_off{
        [&](const delay_for& later) { wait_again(change, later.wait, now); },
        [&](const delay_until& later) {
            if (later.at <= now)
                return;
            change.to = job_state::delayed;
            change.run_at = later.at;
        },
        [&](const rate_limited& limited) {
            change.queue_rests_until = saturated(now, std::max(limited.wait, milliseconds{}));
        },
    };
    std::visit(put_off, when);
    return change;
}

std::string cancelled_reason(const std::string& why) { return storable_text("cancelled: " + why); }

transition after_cancellation(const job_record& job, const std::string& why, time_point now)
{
    auto change = give_up(job, cancelled_reason(why), now);
    if (job.state == job_state::active) {
        change.attempts_made += 1;
        failure reason{.message = change.failed_reason, .type = "cofila::cancelled", .unrecoverable = true};
        change.failed_attempt = record_of(job, change.attempts_made, std::move(reason), now);
    }
    return change;
}

bool has_expired(const job_record& job, time_point now)
{
    return waits(job) && job.attempts_started == 0 && job.expires_at && *job.expires_at <= now;
}

transition after_expiry(const job_record& job, time_point now)
{
    auto change = give_up(job, expired_reason, now);
    change.forget_expiry = true;
    return change;
}

transition mark_as_stalled(const job_record& job, time_point now, double draw)
{
    auto change = move_to(job, job_state::waiting);
    if (job.cancelled)
        change = after_cancellation(job, *job.cancelled, now);
    else if (job.stalled_count >= *job.options->max_stalled_count)
        change = give_up(job, stalled_reason, now);
    else
        wait_again(change, next_delay(*job.options->backoff, job.stalled_count + 1, draw), now);
    change.stalled_count += 1;
    return change;
}

transition after_damage(const job_record& job, time_point now)
{
    return give_up(job, "the stored row of the job is damaged: " + job.damage, now);
}

transition after_release(const job_record& job) { return move_to(job, job_state::waiting); }

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

namespace {

/// Whether it was cancelled and would run again.
bool is_overruled(const job_record& job, const transition& change) { return job.cancelled && !is_finished(change.to); }

}  // namespace

settled verdict(const job_record* job, const std::string& token, const transition& change)
{
    if (!job || token.empty() || job->token != token)
        return settled::lost;
    if (job->state != job_state::active)
        return settled::already;
    return is_overruled(*job, change) ? settled::cancelled : settled::accepted;
}

bool was_completed_elsewhere(const job_record& job, const std::string& token, const transition& change)
{
    return verdict(&job, token, change) == settled::already && job.state == job_state::completed &&
           change.to != job_state::completed;
}

std::optional<transition> unfit(const job_record& job, time_point now)
{
    if (!job.damage.empty())
        return after_damage(job, now);
    return has_expired(job, now) ? std::optional{after_expiry(job, now)} : std::nullopt;
}

job_record freed(job_record job, bool id_is_free)
{
    job.state = job_state::waiting;
    job.run_at.reset();
    job.kept_for = 0;
    job.holds_dedup = id_is_free;
    return job;
}

transition unless_cancelled(const job_record& job, const transition& change, time_point now)
{
    return is_overruled(job, change) ? after_cancellation(job, *job.cancelled, now) : change;
}

void apply(job_record& job, const transition& change)
{
    job.state = change.to;
    job.attempts_made = change.attempts_made;
    job.stalled_count = change.stalled_count;
    job.deferrals = change.deferrals;
    job.priority = change.priority.value_or(job.priority);
    job.cancelled = change.cancelled;
    if (change.forget_expiry)
        job.expires_at.reset();
    if (job.run_at != change.run_at)
        job.kept_for = 0;
    job.run_at = change.run_at;
    if (change.due_at)
        job.due_at = change.due_at;
    job.finished_at = change.finished_at;
    job.result = change.result;
    job.failed_reason = change.failed_reason;
    if (change.to != job_state::active)
        job.locked_until.reset();
}

void lock(job_record& job, const lock_token& token, const std::string& worker, milliseconds duration, time_point now)
{
    assert(job.state == job_state::waiting);
    job.state = job_state::active;
    job.attempts_started += 1;
    job.token = to_text(token);
    job.locked_until = now + duration;
    job.lock_duration = duration;
    job.processed_at = now;
    job.worker = worker;
}

}  // namespace cofila::domain
