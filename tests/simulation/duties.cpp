#include <algorithm>
#include <utility>

#include "ledger.hpp"
#include "probes.hpp"

/// What an operation had to do. The rules say what may happen; here what was asked for must have happened.
namespace cofila::sim {

namespace {

using kind = intent::kind;

/// Whether the row that this lock was on was written to.
bool wrote(const ledger::effect& did, const std::string& token)
{
    return std::ranges::any_of(did.changes, [&](const row_change& change) {
        return change.before && change.before->token == token;
    });
}

}  // namespace

std::optional<std::int64_t> ledger::number_of(const std::string& queue) const
{
    const auto known = queues_.find(queue);
    return known == queues_.end() ? std::nullopt : std::optional{known->second};
}

std::optional<ledger::effect> ledger::take_effect(std::uint64_t number)
{
    auto known = effects_.extract(number);
    return known ? std::optional{std::move(known.mapped())} : std::nullopt;
}

/// A caller that was given less than it asked for learns when to ask again: when the rate limit has room for what
/// waits, or when something is due by its clock.
std::optional<std::int64_t> ledger::next_to_claim(std::int64_t queue, const intent& asked, const effect& did) const
{
    std::optional<std::int64_t> next;
    const auto earlier = [&](std::int64_t when) { next = std::min(next.value_or(when), when); };
    if (const auto due = delayed_.lower_bound({queue, INT64_MIN, 0}); due != delayed_.end())
        if (std::get<0>(*due) == queue)
            earlier(std::get<1>(*due));
    if (first_to_claim(queue, asked)) {
        if (did.room && std::cmp_less(*did.room, asked.claims.size()) && !paused_.contains(queue))
            earlier(did.next_room.time_since_epoch().count());
        return next;
    }
    for (auto at = waiting_.lower_bound({queue, INT64_MIN, INT64_MIN, INT64_MIN}); at != waiting_.end(); ++at) {
        if (std::get<0>(*at) != queue)
            break;
        earlier(*jobs_.at(std::get<3>(*at)).due);
    }
    return next;
}

/// Before it is done.
ledger::effect ledger::survey(const intent& asked) const
{
    effect out;
    const auto queue = number_of(asked.queue);
    if (const auto limited = paces_.find(queue.value_or(0)); limited != paces_.end() && limited->second.limit()) {
        out.room = limited->second.room(asked.now);
        out.next_room = limited->second.next_room(asked.now);
    }
    for (const auto& id : asked.ids)
        if (const auto* const job = find(id); job && !job->gone && job->row.queue == queue)
            out.found[id] = job->row.state;
    for (const auto& token : asked.tokens)
        if (const auto held = held_.find(token); held != held_.end()) {
            const auto order = asked.rescues.find(token);
            if (order == asked.rescues.end() || order->second == jobs_.at(held->second).row.locked_until)
                out.held.insert(token);
        }
    return out;
}

/// After it was done.
void ledger::conclude(const entry& one, effect did)
{
    const auto queue = number_of(one.asked.queue).value_or(0);
    did.changes = one.changes;
    did.next_due = next_to_claim(queue, one.asked, did);
    did.drained = is_drained(one);
    tell_of_queue(one, did);
    check_duty(one.asked, did);
    for (const auto& change : one.changes)
        if (change.before && !change.after && lines_.contains(change.before->key))
            fail("job '" + change.before->id + "' was removed and its log stayed");
    if (!late_ && one.asked.number != 0)
        effects_[one.asked.number] = std::move(did);
}

/// An attempt has ended, jobs were asked for, and there is nothing to do.
bool ledger::is_drained(const entry& one) const
{
    const auto& asked = one.asked;
    const bool ended = std::ranges::any_of(one.changes, [&](const row_change& change) {
        return change.before && change.before->state == job_state::active && change.after &&
               change.after->state != job_state::active;
    });
    if (asked.what != kind::settle || asked.claims.empty() || !ended)
        return false;
    const auto now = asked.now.time_since_epoch().count();
    return std::ranges::none_of(rows_, [&](const auto& known) {
        const auto& row = known.second;
        const bool due = row.state == job_state::delayed && row.run_at <= now;
        return row.queue == number_of(asked.queue) &&
               (row.state == job_state::waiting || row.state == job_state::active || due);
    });
}

void ledger::check_duty(const intent& asked, const effect& did) const
{
    check_held(asked, did);
    check_claims(asked, did);
    check_moved(asked, did);
    if (asked.what == kind::pause && paused_.contains(number_of(asked.queue).value_or(0)) != asked.paused)
        fail("a queue is not as it was asked to be: paused, or not");
    const auto log = events_.find(number_of(asked.queue).value_or(0));
    if (asked.what == kind::keep_events && (log == events_.end() || log->second.most != asked.most_events))
        fail("a queue does not keep as many events as it was asked to");
    const auto pace = paces_.find(number_of(asked.queue).value_or(0));
    if (asked.what == kind::limit && (pace == paces_.end() || pace->second.limit() != asked.rate))
        fail("a queue does not have the rate limit that was asked for");
    const auto now = asked.now.time_since_epoch().count();
    const bool promotes = asked.what == kind::sweep || (asked.what == kind::settle && !asked.claims.empty());
    const bool left = std::ranges::any_of(delayed_, [&](const auto& one) {
        return std::get<1>(one) <= now && (asked.queue.empty() || std::get<0>(one) == number_of(asked.queue));
    });
    if (promotes && left)
        fail("I24: a job that was due stayed delayed, though somebody looked");
}

/// Whoever holds the lock is let in.
void ledger::check_held(const intent& asked, const effect& did) const
{
    for (const auto& token : did.held) {
        if (asked.what != kind::log && !wrote(did, token))
            fail("I11: what the holder of a lock asked for was not done");
        if ((asked.what == kind::settle || asked.what == kind::sweep) && held_.contains(token))
            fail("I11: a lock is held after its end");
    }
    if (asked.what != kind::log || did.held.empty())
        return;
    const auto key = held_.at(*did.held.begin());
    if (std::ranges::none_of(did.changes, [&](const auto& one) { return one.log_of == key && one.written; }))
        fail("I11: the holder of a lock could not write to the log");
    if (const auto lines = lines_.find(key); lines != lines_.end())
        require(std::cmp_less_equal(lines->second, jobs_.at(key).keep_logs), jobs_.at(key), "a log is too long");
}

void ledger::check_claims(const intent& asked, const effect& did) const
{
    const auto queue = number_of(asked.queue);
    if (asked.claims.empty() || !queue || paused_.contains(*queue))
        return;
    const auto taken = std::ranges::count_if(did.changes, [](const auto& one) {
        return became(one, job_state::waiting, job_state::active);
    });
    const auto wanted = static_cast<std::ptrdiff_t>(asked.claims.size());
    const auto allowed = did.room ? std::min<std::ptrdiff_t>(wanted, *did.room) : wanted;
    const bool left = first_to_claim(*queue, asked).has_value();
    reach_if(left && allowed < wanted, probe::rate_limited);
    if (left && taken < allowed)
        fail("I24: less was claimed than could be");
}

/// A job that is named, where it could be moved.
void ledger::check_moved(const intent& asked, const effect& did) const
{
    const auto is = [&](const std::string& id, job_state state) {
        const auto* const job = find(id);
        return job && !job->gone && job->row.state == state;
    };
    const auto was_added = [&](const std::string& part) {
        return std::ranges::any_of(did.changes, [&](const row_change& one) {
            return one.after && !one.before && intent::random_part(one.after->id) == part;
        });
    };
    if (!std::ranges::all_of(asked.parts, was_added))
        fail("I17: a job without a given id was acknowledged and is not stored");
    if (asked.what == kind::add)
        for (const auto& id : asked.ids)
            if (const auto* const job = find(id); !job || job->gone)
                fail("I17: job '" + id + "' was acknowledged and is not stored");
    for (const auto& [id, was] : did.found) {
        if (asked.what == kind::remove && was != job_state::active && !find(id)->gone)
            fail("job '" + id + "' was not removed, though it could be");
        if (asked.what == kind::retry && is_finished(was) && !is(id, job_state::waiting))
            fail("job '" + id + "' was not retried, though it could be");
        if (asked.what == kind::promote && was == job_state::delayed && !is(id, job_state::waiting))
            fail("job '" + id + "' was not promoted, though it could be");
    }
}

}  // namespace cofila::sim
