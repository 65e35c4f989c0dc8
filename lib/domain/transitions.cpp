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
#include "domain/transition_steps.hpp"
#include "domain/validation.hpp"

namespace cofila::domain {

namespace {

void finish(transition& change, const retention& keep, time_point now)
{
    change.finished_at = now;
    change.remove = keep.remove;
    if (keep.age)
        change.prune_at = now + *keep.age;
    if (keep.count)
        change.prune_count = static_cast<std::int64_t>(*keep.count);
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

}  // namespace

job_record new_job(
    job_id id, std::string name, std::string data, std::shared_ptr<const job_options> options, time_point now
)
{
    job_record job{.id = std::move(id), .name = std::move(name), .data = std::move(data)};
    set_up(job, std::move(options), now);
    return job;
}

void set_up(job_record& job, std::shared_ptr<const job_options> options, time_point now)
{
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
