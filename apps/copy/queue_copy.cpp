// Each job is put into the other store as its life has been: it is added, claimed if it ever was, and ends in the state
// in which it is. So nothing here knows how a store keeps it, and both directions are the same. A generated id is given
// there.
#include "queue_copy.hpp"

#include <limits>
#include <memory>
#include <string>
#include <utility>

#include "domain/transitions.hpp"

namespace copying {

using namespace cofila;

namespace {

constexpr int keep_all = std::numeric_limits<int>::max();

bool is_new(const job_record& job)
{
    return !is_finished(job.state) && job.state != job_state::active && job.attempts_started == 0 &&
           job.attempts_made == 0 && job.stalled_count == 0 && job.deferrals == 0 && job.failed_reason.empty();
}

/// The transition that ends in what the job is.
transition last_step(const job_record& job)
{
    transition out;
    const auto end = job.finished_at.value_or(job.timestamp);
    if (job.state == job_state::completed)
        out = domain::after_success(job, job.result, end);
    else if (job.state == job_state::failed)
        out = domain::after_failure(job, {.message = job.failed_reason, .unrecoverable = true}, end, 0);
    if (std::exchange(out.remove, false))
        out.prune_at = end;
    out.to = job.state;
    out.attempts_made = job.attempts_made;
    out.stalled_count = job.stalled_count;
    out.deferrals = job.deferrals;
    out.attempts_started = job.attempts_started;
    out.processed_at = job.processed_at;
    out.worker = job.worker;
    out.run_at = job.run_at;
    out.due_at = job.due_at;
    out.failed_reason = job.failed_reason;
    return out;
}

}  // namespace

bool queue_copy::add(const whole_job& source)
{
    const auto queue = db().find_or_make_queue(name_);
    const auto there = db().key_of(queue, source.job.id);
    const auto key = there != 0 ? there : insert(queue, source.job);
    if (source.job.holds_dedup)
        owners_[source.job.key] = key;
    if (there != 0)
        return false;
    if (!is_new(source.job))
        repeat(queue, key, source.job);
    keep_rest(queue, key, source);
    return true;
}

std::int64_t queue_copy::insert(std::int64_t queue, const job_record& source)
{
    auto job = std::make_shared<job_record>(source);
    job->key = db().next_key();
    job->kept_for = source.kept_for != 0 ? owners_[source.kept_for] : 0;
    if (!is_new(source))
        job->state = job_state::waiting;
    if (job->state != job_state::delayed)
        job->run_at = source.due_at;  // it was let run then
    const std::shared_ptr<job_record> row[] = {job};
    db().insert(queue, row);
    position_ = job->position;
    return job->key;
}

/// Claims it if it was, and ends the attempt.
void queue_copy::repeat(std::int64_t queue, std::int64_t key, const job_record& source)
{
    using placement = transition::placement;
    auto job = source;
    job.key = key;
    job.position = position_;
    job.state = job_state::waiting;
    const auto end = last_step(source);
    auto position = position_;
    if ((source.position < 0) != (position < 0))  // it was put there when its attempt ended
        position = db().next_position(queue, source.position < 0 ? placement::head : placement::tail);
    if (source.attempts_started == 0)
        return db().move(job, end, position);
    if (source.token.empty())
        job.token = std::string(32, '0');  // a lock needs one; it is taken away below
    job.locked_until = source.locked_until.value_or(time_point{});
    const std::vector<std::int64_t> groups{source.options->group ? to_.group_number(queue, *source.options->group) : 0};
    const job_snapshot row[] = {std::make_shared<const job_record>(job)};
    db().lock(queue, row, groups, false);
    job.state = job_state::active;
    if (source.state == job_state::active && source.cancelled)
        return db().ask_to_end(job, *source.cancelled);
    if (source.state == job_state::active)
        return;
    if (source.token.empty() || !db().end_attempt({.queue = queue, .key = key, .token = source.token}, end, position))
        db().take_away(job, end, position);
}

void queue_copy::keep_rest(std::int64_t queue, std::int64_t key, const whole_job& source)
{
    const auto& job = source.job;
    const std::string none;
    const cofila::store::lock_of_job held{
        .queue = queue, .key = key, .token = job.state == job_state::active ? job.token : none
    };
    if (!job.progress.empty())
        db().write_progress(held, job.progress);
    for (const auto& [sequence, line] : source.log)
        db().add_log(held, line, keep_all);
    for (const auto& one : source.attempts)
        db().keep_attempt(key, one, keep_all);
}

}  // namespace copying
