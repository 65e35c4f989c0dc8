#include "ledger.hpp"

#include <algorithm>

#include "domain/options_json.hpp"
#include "probes.hpp"

namespace cofila::sim {

void ledger::fail(std::string what) const
{
    if (broken_.empty())
        broken_ = std::move(what);
}

void ledger::require(bool holds, const fate& job, const char* rule) const
{
    if (!holds)
        fail(std::string{rule} + " (job '" + job.row.id + "', " + std::string{to_string(job.row.state)} + ")");
}

const ledger::fate* ledger::find(const std::string& id) const
{
    const auto key = keys_.find(id);
    return key == keys_.end() ? nullptr : &jobs_.at(key->second);
}

const ledger::fate* ledger::find(const job_ref& job) const
{
    const auto known = jobs_.find(job.key);
    return job.key == 0 ? find(job.id.str()) : known == jobs_.end() ? nullptr : &known->second;
}

bool ledger::all_final() const
{
    return std::ranges::all_of(rows_, [](const auto& one) { return is_finished(one.second.state); });
}

std::size_t ledger::unfinished() const
{
    return static_cast<std::size_t>(std::ranges::count_if(rows_, [](const auto& one) {
        return !is_finished(one.second.state);
    }));
}

job_counts ledger::counts(const std::string& queue) const
{
    job_counts out;
    for (const auto& [key, row] : rows_) {
        if (row.queue != number_of(queue))
            continue;
        switch (row.state) {
        case job_state::waiting:
            ++out.waiting;
            break;
        case job_state::delayed:
            ++out.delayed;
            break;
        case job_state::active:
            ++out.active;
            break;
        case job_state::waiting_children:
            ++out.waiting_children;
            break;
        case job_state::completed:
            ++out.completed;
            break;
        case job_state::failed:
            ++out.failed;
            break;
        }
    }
    return out;
}

bool ledger::holds_locks(int node) const
{
    return std::ranges::any_of(rows_, [&](const auto& one) {
        const auto owner = node_of_worker_.find(one.second.worker);
        return one.second.state == job_state::active && owner != node_of_worker_.end() && owner->second == node;
    });
}

bool ledger::went_with_its_end(const std::vector<row_change>& sweep, const job_row& gone) const
{
    const auto known = jobs_.find(gone.key);
    return known != jobs_.end() && known->second.goes_when_failed &&
           std::ranges::any_of(sweep, [&](const row_change& one) {
               return one.before && one.after && one.after->key == gone.key && one.before->state == job_state::active;
           });
}

bool ledger::belongs_to_dead(const std::string& worker) const
{
    const auto owner = node_of_worker_.find(worker);
    return owner != node_of_worker_.end() && dead_.contains(owner->second);
}

bool ledger::agrees(const stored_state& found, const std::vector<entry>& with) const
{
    auto wanted = rows_;
    auto paused = paused_;
    auto lines = lines_;
    auto events = events_;
    std::map<std::int64_t, rate_limit> rates;
    for (const auto& [queue, pace] : paces_)
        if (pace.limit())
            rates[queue] = *pace.limit();
    for (const auto& one : with)
        for (const auto& change : one.changes) {
            record(events, change);
            if (change.paced && change.rate)
                rates[*change.paced] = *change.rate;
            else if (change.paced)
                rates.erase(*change.paced);
            else if (change.log_of)
                change.written ? ++lines[*change.log_of] : --lines[*change.log_of];
            else if (change.queue && change.paused)
                paused.insert(*change.queue);
            else if (change.queue)
                paused.erase(*change.queue);
            else if (change.after)
                wanted[change.after->key] = *change.after;
            else if (change.before)
                wanted.erase(change.before->key);
        }
    std::erase_if(lines, [](const auto& one) { return one.second == 0; });
    const auto same = [](const auto& known, const job_row& row) { return known.second == row; };
    return paused == found.paused && lines == found.lines && events == found.events && rates == found.rates &&
           std::ranges::equal(wanted, found.jobs, same);
}

void ledger::commit(const std::vector<entry>& entries, time now, bool unknown)
{
    late_ = unknown;
    commits_ += std::ranges::any_of(entries, [](const entry& one) { return !one.changes.empty(); }) ? 1U : 0U;
    for (const auto& one : entries) {
        auto did = survey(one.asked);
        if (one.asked.what == intent::kind::add)  // before it may be claimed in the same transaction
            for (const auto& [id, state] : did.found)
                tell(one.asked, id, tale::duplicated);
        for (const auto& change : one.changes)
            apply(one.asked, change, now);
        conclude(one, std::move(did));
        reach_if(!one.asked.claims.empty() && one.changes.empty() && !paused_.empty(), probe::claim_while_paused);
    }
}

void ledger::apply(const intent& asked, const row_change& change, time now)
{
    record(events_, change);
    if (change.keeps_events) {
        if (asked.what != intent::kind::keep_events || change.keeps_events != number_of(asked.queue))
            fail("a queue keeps another number of events, and nobody had asked for it");
        return;
    }
    if (change.paced)
        return change_rate(asked, change);
    if (change.queue)
        return change_queue(asked, change);
    if (change.log_of)
        return change_log(asked, change);
    if (!change.before)
        return add(asked, change, now);
    const auto known = jobs_.find(change.before->key);
    if (known == jobs_.end() || known->second.gone)
        return fail("a job was changed that does not exist: '" + change.before->id + "'");
    require(known->second.row == *change.before, known->second, "a job had changed without a commit that says so");
    if (change.after)
        this->change(asked, known->second, *change.after, now);
    else
        remove(asked, known->second);
}

void ledger::add(const intent& asked, const row_change& change, time now)
{
    const auto& row = *change.after;
    const auto options = domain::options_from_json(change.options);
    auto& job = jobs_[row.key];
    if (!job.row.id.empty())
        fail("I1: the key of job '" + row.id + "' was given before");
    if (const auto* const other = find(row.id); other && !other->gone)
        fail("I1: two jobs have the id '" + row.id + "'");
    job = fate{
        .attempts = options.attempts.value_or(1),
        .max_stalled = options.max_stalled_count.value_or(1),
        .keep_logs = options.keep_logs.value_or(0),
        .goes_when_failed = options.on_failed && options.on_failed->remove
    };
    keys_[row.id] = row.key;
    if (!waiting_.empty() && *options.lifo) {
        const auto first = waiting_.lower_bound({row.queue, row.priority, INT64_MIN, 0});
        reach_if(first != waiting_.end() && std::get<2>(*first) > row.position, probe::lifo_first);
    }
    store(job, row);
    require(asked.what == intent::kind::add && asked.adds(row.id), job, "I18: a job came from nowhere");
    if (const auto part = intent::random_part(row.id); asked.parts.contains(part))
        require(parts_.insert(part).second, job, "I18: a job was added twice");
    require(row.state == job_state::waiting || row.state == job_state::delayed, job, "I10: a new job in this state");
    require(row.made + row.started + row.stalls == 0 && row.token.empty(), job, "a new job that is not new");
    check(job);
    tell(asked, row.id, tale::added);
    tell(asked, row.id, row.state == job_state::delayed ? tale::delayed : tale::waiting);
    job.stored_at = job.waiting_since = job.locked_at = now;
}

void ledger::store(fate& job, const job_row& after)
{
    const auto place = [](const job_row& row) { return waiting_place{row.queue, row.priority, row.position, row.key}; };
    const auto date = [](const job_row& row) { return std::tuple{row.queue, row.run_at.value_or(0), row.key}; };
    if (job.row.state == job_state::waiting)
        waiting_.erase(place(job.row));
    if (after.state == job_state::waiting)
        waiting_.insert(place(after));
    if (job.row.state == job_state::delayed)
        delayed_.erase(date(job.row));
    if (after.state == job_state::delayed)
        delayed_.insert(date(after));
    if (job.row.state == job_state::active)
        held_.erase(job.row.token);
    if (after.state == job_state::active)
        held_[after.token] = after.key;
    job.row = after;
    rows_[after.key] = after;
}

void ledger::remove(const intent& asked, fate& job)
{
    const auto& row = job.row;
    const bool by_hand = asked.what == intent::kind::remove && asked.ids.contains(row.id);
    const bool finished = is_finished(row.state);
    const bool with_its_rescue =
        asked.what == intent::kind::sweep && row.state == job_state::failed && job.goes_when_failed;
    const bool with_its_end = finished && (asked.tokens.contains(row.token) || with_its_rescue);
    require(row.state != job_state::active, job, "I10: an active job was removed");
    require(
        by_hand || with_its_end || (finished && asked.what == intent::kind::sweep),
        job,
        "I17: a job was removed unasked"
    );
    reach(by_hand ? probe::removed_by_hand : with_its_end ? probe::removed_at_once : probe::pruned);
    if (by_hand || with_its_end)
        tell(asked, row.id, tale::removed);
    waiting_.erase({row.queue, row.priority, row.position, row.key});
    delayed_.erase({row.queue, row.run_at.value_or(0), row.key});
    rows_.erase(row.key);
    job.gone = true;
}

void ledger::tell(const intent& asked, const std::string& about, tale what)
{
    const auto how = late_                               ? tales::duty::unknown
                     : asked.what == intent::kind::sweep ? tales::duty::swept
                                                         : tales::duty::certain;
    told.owe(asked.node, about, what, how);
}

/// Values that belong to no job, and results of operations that moved none.
void ledger::tell_of_queue(const entry& one, const effect& did)
{
    const auto& asked = one.asked;
    if (did.drained)
        tell(asked, asked.queue, tale::drained);
    std::set<std::int64_t> cleaned;
    for (const auto& change : one.changes) {
        if (change.queue && !change.made && !change.forgotten)
            tell(asked, change.name, change.paused ? tale::paused : tale::resumed);
        if (change.written)
            tell(asked, jobs_.at(*change.log_of).row.id, tale::log);
        if (change.after && asked.what == intent::kind::touch)
            tell(asked, change.after->id, tale::progress);
        if (asked.what == intent::kind::sweep && change.before && !change.after &&
            !went_with_its_end(one.changes, *change.before))
            cleaned.insert(change.before->queue);
    }
    for (const auto queue : cleaned)
        tell(asked, name_of(queue), tale::cleaned);
}

}  // namespace cofila::sim
