#include "ledger.hpp"
#include "probes.hpp"

/// What may happen to a job that is stored: the table of states, the fence, the counters, the order.
namespace cofila::sim {

namespace {

using kind = intent::kind;

/// A rescue may come a little early by the world's time: the sweeper's clock may be too fast.
constexpr bool long_enough(time since, std::int64_t lock_duration)
{
    return since >= std::chrono::milliseconds{lock_duration} * 999 / 1000;
}

std::int64_t end_of_lock(const intent& asked, const job_row& locked)
{
    return asked.now.time_since_epoch().count() + locked.lock_duration;
}

}  // namespace

/// What comes first of the jobs that are due by the clock of the one that asks, whoever has made them so.
std::optional<std::int64_t> ledger::first_to_claim(std::int64_t queue, const intent& asked) const
{
    const auto now = asked.now.time_since_epoch().count();
    for (auto at = waiting_.lower_bound({queue, INT64_MIN, INT64_MIN, INT64_MIN}); at != waiting_.end(); ++at) {
        const auto key = std::get<3>(*at);
        if (std::get<0>(*at) != queue)
            break;
        if (jobs_.at(key).due.value_or(now) <= now)
            return key;
        reach(probe::early_one_passed);
    }
    return {};
}

void ledger::change(const intent& asked, fate& job, const job_row& after, time now)
{
    const auto& before = job.row;
    require(
        before.id == after.id && before.queue == after.queue && before.priority == after.priority,
        job,
        "a job's name changed"
    );
    if (before.state == job_state::active && after.state == job_state::active)
        stay_active(asked, job, after, now);
    else if (before.state == job_state::active)
        leave_active(asked, job, after, now);
    else if (after.state == job_state::active)
        claim(asked, job, after, now);
    else
        leave_others(asked, job, after);
    if (before.state != job_state::waiting && after.state == job_state::waiting)
        job.waiting_since = now;
    if (after.state != job_state::waiting)
        job.due.reset();
    store(job, after);
    check(job);
}

void ledger::claim(const intent& asked, fate& job, const job_row& after, time now)
{
    const auto& before = job.row;
    require(before.state == job_state::waiting, job, "I10: claimed from another state than waiting");
    require(asked.claims.contains(after.token), job, "I11: claimed with a token that nobody gave");
    require(tokens_.insert(after.token).second, job, "I6: a token was given twice");
    require(!paused_.contains(before.queue), job, "I9: claimed from a paused queue");
    require(after.started == before.started + 1, job, "a claim that was not counted");
    require(after.made == before.made && after.stalls == before.stalls, job, "a claim changed the counters of others");
    require(job.due.value_or(INT64_MIN) <= asked.now.time_since_epoch().count(), job, "I12: claimed before its time");
    require(first_to_claim(before.queue, asked) == before.key, job, "I13: claimed though another was before it");
    auto& pace = paces_[before.queue];
    // A process that waited for a busy file is ahead of the world here, by the time that it waited.
    const auto seen = std::max(asked.ran_at, asked.now);
    require(
        pace.take(asked.now, clocks_agree_ ? std::optional{seen} : std::nullopt),
        job,
        "I26: claimed more than the rate limit allows"
    );
    reach_if(pace.limit() && asked.now - asked.asked_at > pace.limit()->duration, probe::waited_past_window);
    require(after.locked_until == end_of_lock(asked, after), job, "a lock that does not end when it should");
    job.locked_at = now;
    job.renewals = 0;
    tell(asked, before.id, tale::active);
    reach_if(asked.what == kind::add, probe::taken_with_add);
}

void ledger::stay_active(const intent& asked, fate& job, const job_row& after, time now)
{
    require(asked.tokens.contains(job.row.token), job, "I11: a running job was written to without its token");
    if (asked.what == kind::renew)
        require(
            after.locked_until == std::max(end_of_lock(asked, after), *job.row.locked_until + 1),
            job,
            "a renewed lock that does not end when it should"
        );
    if (after == job.row)
        return;
    auto renewed = job.row;
    renewed.locked_until = after.locked_until;
    renewed.lock_duration = after.lock_duration;
    require(
        asked.what == kind::renew && renewed == after,
        job,
        "I14: a running job changed by something else than a renewal"
    );
    job.locked_at = now;
    reach(++job.renewals > 1 ? probe::renewed_twice : probe::renewed);
}

void ledger::leave_active(const intent& asked, fate& job, const job_row& after, time now)
{
    const auto& before = job.row;
    require(asked.tokens.contains(before.token), job, "I11: a job left active without the token of its lock");
    require(after.started == before.started, job, "the end of an attempt was counted as a claim");
    const bool taken = asked.what == kind::sweep && after.token.empty();
    require(after.token == before.token || taken, job, "the token went too early");
    if (asked.what == kind::sweep)
        rescue(job, after, now);
    else if (asked.what == kind::settle)
        settle(asked, job, after);
    else
        require(false, job, "I10: a job left active by something else than a settlement or a rescue");
    if (asked.what == kind::sweep)
        tell(asked, before.id, tale::stalled);
    if (is_finished(after.state))
        tell_of_finish(asked, job, after);
    else if (asked.what == kind::settle)
        tell(asked, before.id, after.made > before.made ? tale::retrying : tale::released);
}

void ledger::tell_of_finish(const intent& asked, const fate& job, const job_row& after)
{
    tell(asked, after.id, after.state == job_state::completed ? tale::completed : tale::failed);
    if (asked.exhausted.contains(job.row.token))
        tell(asked, after.id, tale::retries_exhausted);
}

void ledger::rescue(fate& job, const job_row& after, time now)
{
    const auto& before = job.row;
    const bool dead = knows_dead_ && belongs_to_dead(before.worker);
    require(
        after.stalls == before.stalls + 1 && after.made == before.made, job, "a rescue that was not counted as one"
    );
    require(after.state != job_state::completed, job, "I10: completed by a rescue");
    const bool expired = long_enough(now - job.locked_at, before.lock_duration);
    require(
        dead || expired, job, "I15: rescued though its lock was young and its process alive, or not known to be dead"
    );
    const bool over = after.stalls > job.max_stalled;
    require(over == (after.state == job_state::failed), job, "I5: the limit of stalls was not kept");
    reach(expired ? probe::rescued_expired : probe::rescued_dead);
    reach_if(over, probe::stalled_too_often);
    reach_if(after.state == job_state::delayed, probe::rescue_delayed);
}

void ledger::settle(const intent& asked, fate& job, const job_row& after)
{
    const auto& before = job.row;
    settled_.insert(before.token);
    require(after.stalls == before.stalls, job, "a settlement was counted as a stall");
    const bool asked_by_shutdown = released_.contains(before.token);
    require(!asked_by_shutdown || after.made == before.made, job, "I5: a shutdown was counted as an attempt");
    reach_if(asked_by_shutdown, probe::thrown_at_shutdown);
    if (after.made == before.made) {
        require(after.state == job_state::waiting, job, "I10: given back into another state than waiting");
        require(after.position == before.position, job, "a job that was given back lost its place");
        return reach(probe::released);
    }
    require(after.made == before.made + 1, job, "an attempt was counted more than once");
    const bool last = after.made >= job.attempts;
    const bool exhausted = last && after.state == job_state::failed && !asked.unrecoverable.contains(before.token);
    require(exhausted == asked.exhausted.contains(before.token), job, "attempts used up, or not, against what is told");
    switch (after.state) {
    case job_state::completed:
        ++job.completions;
        require(job.completions <= 1 + job.retries, job, "I19: completed twice");
        break;
    case job_state::failed:
        reach(last ? probe::exhausted : probe::unrecoverable);
        break;
    default:
        require(!last, job, "I5: tried again though its attempts were used up");
        reach(after.state == job_state::delayed ? probe::retried_after_backoff : probe::retried_at_once);
    }
}

void ledger::leave_others(const intent& asked, fate& job, const job_row& after)
{
    const auto& before = job.row;
    auto unlocked = before;
    unlocked.token.clear();
    if (before == after) {
        require(asked.what == kind::touch && asked.ids.contains(before.id), job, "a job was written to unasked");
    } else if (unlocked == after) {
        require(
            asked.what == kind::sweep && asked.tokens.contains(before.token), job, "a token was taken away unasked"
        );
    } else if (before.state == job_state::delayed && after.state == job_state::waiting) {
        const bool by_hand = asked.what == kind::promote && asked.ids.contains(before.id);
        const bool due = before.run_at <= asked.now.time_since_epoch().count();
        require(by_hand || due, job, "I12: started before its time");
        require(by_hand || asked.what == kind::settle || asked.what == kind::sweep, job, "I10: promoted by this");
        require(after.position == before.position, job, "a job that became due lost its place");
        if (!by_hand)
            job.due = before.run_at;
        reach(by_hand ? probe::promoted_by_hand : probe::promoted_due);
        tell(asked, before.id, tale::waiting);
    } else {
        const bool retry = is_finished(before.state) && after.state == job_state::waiting &&
                           asked.what == kind::retry && asked.ids.contains(before.id);
        require(retry, job, "I10/I16: no rule allows this change");
        require(after.stalls == 0, job, "a retry kept the stalls");
        job.attempts_kept += after.made == before.made ? 1 : 0;
        ++job.retries;
        reach(probe::retried_by_hand);
        tell(asked, before.id, tale::waiting);
    }
}

void ledger::check(const fate& job) const
{
    const auto& row = job.row;
    const bool active = row.state == job_state::active;
    require(
        active == row.locked_until.has_value() && (!active || !row.token.empty()),
        job,
        "I2: locked if and only if active"
    );
    require(is_finished(row.state) == row.finished_at.has_value(), job, "I3: finished at if and only if finished");
    require(row.state != job_state::delayed || row.run_at.has_value(), job, "I3: delayed, and never due");
    const bool may_be_due = row.state == job_state::delayed || row.state == job_state::waiting;
    require(may_be_due || !row.run_at.has_value(), job, "I3: due, and not waiting for that");
    require(row.made <= job.attempts + job.attempts_kept, job, "I4: more attempts than allowed");
    require(row.stalls <= job.max_stalled + 1, job, "I4: more stalls than allowed");
    require(row.started >= row.made + row.stalls + (active ? 1 : 0), job, "I4: more ended than was started");
    require(
        row.stalls <= job.max_stalled || row.state == job_state::failed, job, "I5: stalled too often and not failed"
    );
}

}  // namespace cofila::sim
