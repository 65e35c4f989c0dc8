#include "ledger.hpp"

#include <algorithm>

#include "domain/options_json.hpp"
#include "probes.hpp"

namespace cofila::sim {

namespace {

using kind = intent::kind;

}  // namespace

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

bool ledger::holds_locks(int node) const
{
    return std::ranges::any_of(rows_, [&](const auto& one) {
        const auto owner = node_of_worker_.find(one.second.worker);
        return one.second.state == job_state::active && owner != node_of_worker_.end() && owner->second == node;
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
    for (const auto& one : with)
        for (const auto& change : one.changes) {
            if (change.queue && change.paused)
                paused.insert(*change.queue);
            else if (change.queue)
                paused.erase(*change.queue);
            else if (change.after)
                wanted[change.after->key] = *change.after;
            else if (change.before)
                wanted.erase(change.before->key);
        }
    const auto same = [](const auto& known, const job_row& row) { return known.second == row; };
    return paused == found.paused && std::ranges::equal(wanted, found.jobs, same);
}

void ledger::commit(const std::vector<entry>& entries, time now, bool unknown)
{
    late_ = unknown;
    for (const auto& one : entries) {
        for (const auto& change : one.changes)
            apply(one.asked, change, now);
        note_empty(one);
        reach_if(!one.asked.claims.empty() && one.changes.empty() && !paused_.empty(), probe::claim_while_paused);
    }
}

void ledger::apply(const intent& asked, const row_change& change, time now)
{
    if (change.queue) {
        if (asked.what != kind::pause)
            fail("a queue was paused or resumed by something else");
        if (change.paused)
            paused_.insert(*change.queue);
        else
            paused_.erase(*change.queue);
        return;
    }
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
    job = fate{.attempts = options.attempts.value_or(1), .max_stalled = options.max_stalled_count.value_or(1)};
    keys_[row.id] = row.key;
    if (!waiting_.empty() && *options.lifo) {
        const auto first = waiting_.lower_bound({row.queue, row.priority, INT64_MIN, 0});
        reach_if(first != waiting_.end() && std::get<2>(*first) > row.position, probe::lifo_first);
    }
    store(job, row);
    require(asked.what == kind::add && asked.ids.contains(row.id), job, "I18: a job came from nowhere");
    require(row.state == job_state::waiting || row.state == job_state::delayed, job, "I10: a new job in this state");
    require(row.made + row.started + row.stalls == 0 && row.token.empty(), job, "a new job that is not new");
    check(job);
    tell(asked, row.id, tale::added);
    tell(asked, row.id, row.state == job_state::delayed ? tale::delayed : tale::waiting);
    job.locked_at = now;
}

void ledger::store(fate& job, const job_row& after)
{
    const auto place = [](const job_row& row) { return waiting_place{row.queue, row.priority, row.position, row.key}; };
    if (job.row.state == job_state::waiting)
        waiting_.erase(place(job.row));
    if (after.state == job_state::waiting)
        waiting_.insert(place(after));
    job.row = after;
    rows_[after.key] = after;
}

void ledger::remove(const intent& asked, fate& job)
{
    const auto& row = job.row;
    const bool by_hand = asked.what == kind::remove && asked.ids.contains(row.id);
    const bool finished = is_finished(row.state);
    const bool with_its_end = finished && asked.tokens.contains(row.token);
    require(row.state != job_state::active, job, "I10: an active job was removed");
    require(by_hand || with_its_end || (finished && asked.what == kind::sweep), job, "I17: a job was removed unasked");
    reach(by_hand ? probe::removed_by_hand : with_its_end ? probe::removed_at_once : probe::pruned);
    if (by_hand || with_its_end)
        tell(asked, row.id, tale::removed);
    waiting_.erase({row.queue, row.priority, row.position, row.key});
    rows_.erase(row.key);
    job.gone = true;
}

void ledger::tell(const intent& asked, const std::string& id, tale what)
{
    tales_[{asked.node, id}].first.push_back(what);
    if (late_)
        late_tales_.insert({asked.node, id, what});
}

bool ledger::may_tell(int node, const std::string& id, tale what)
{
    const auto known = tales_.find({node, id});
    if (known == tales_.end())
        return false;
    auto& [tales, told] = known->second;
    const auto next = std::find(tales.begin() + static_cast<std::ptrdiff_t>(told), tales.end(), what);
    if (next == tales.end())
        return late_tales_.erase({node, id, what}) > 0;
    told = static_cast<std::size_t>(next - tales.begin()) + 1;
    return true;
}

void ledger::note_empty(const entry& one)
{
    if (one.asked.what != kind::settle || one.asked.claims.empty() || one.changes.empty())
        return;
    const auto& any = one.changes.front();
    const auto queue = any.before ? any.before->queue : 0;
    const auto now = one.asked.now.time_since_epoch().count();
    const bool left = std::ranges::any_of(rows_, [&](const auto& known) {
        const auto& row = known.second;
        const bool due = row.state == job_state::delayed && row.run_at <= now;
        return row.queue == queue && (row.state == job_state::waiting || row.state == job_state::active || due);
    });
    if (!left)
        ++empty_moments_[one.asked.node];
}

bool ledger::may_tell_drained(int node) { return empty_moments_[node]-- > 0; }

}  // namespace cofila::sim
