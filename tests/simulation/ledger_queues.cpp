// What the ledger makes of changes of queues and of their logs.
#include <algorithm>
#include <set>

#include "ledger.hpp"
#include "probes.hpp"

namespace cofila::sim {

/// Only what has nothing left is forgotten, its pause and its limits among that.
void ledger::forget_queue(const intent& asked, const row_change& change)
{
    const auto is_of_it = [&](const auto& known) { return known.second.queue == *change.queue; };
    const auto limited = paces_.find(*change.queue);
    const bool set = paused_.contains(*change.queue) || (limited != paces_.end() && limited->second.limit());
    if (asked.what != intent::kind::sweep || set || std::ranges::any_of(rows_, is_of_it))
        fail("queue '" + change.name + "' was forgotten though something of it was left");
    queues_.erase(change.name);
    paces_.erase(*change.queue);
    reach(probe::queue_forgotten);
}

void ledger::change_queue(const intent& asked, const row_change& change)
{
    if (change.forgotten)
        return forget_queue(asked, change);
    if (change.made) {
        const std::set makers{intent::kind::add, intent::kind::pause, intent::kind::keep_events, intent::kind::limit};
        if (!makers.contains(asked.what))
            fail("a queue was made by something else than an add, a pause or a setting");
        queues_[change.name] = *change.queue;
        names_[*change.queue] = change.name;
    } else if (asked.what != intent::kind::pause || asked.queue != change.name) {
        fail("a queue was paused or resumed by something else");
    }
    if (change.paused)
        paused_.insert(*change.queue);
    else
        paused_.erase(*change.queue);
}

void ledger::change_rate(const intent& asked, const row_change& change)
{
    if (asked.what != intent::kind::limit || change.paced != number_of(asked.queue))
        fail("a queue has another rate limit, and nobody had asked for it");
    paces_[*change.paced].set(change.rate);
}

/// Fenced as every write of a running job is. With its job a log goes, too: after it, in the same operation.
void ledger::change_log(const intent& asked, const row_change& change)
{
    const auto known = jobs_.find(*change.log_of);
    if (known == jobs_.end() || (known->second.gone && change.written))
        return fail("the log of a job changed that does not exist");
    const auto& job = known->second;
    const auto& row = job.row;
    auto& lines = lines_[row.key];
    if (change.written) {
        require(
            asked.what == intent::kind::log && asked.ids.contains(row.id), job, "a line was written to a log unasked"
        );
        const auto token = row.state == job_state::active ? row.token : std::string{};
        require(asked.tokens.contains(token), job, "I11: a line was written to a log without the token of the lock");
        ++lines;
        return;
    }
    const bool with_its_job =
        asked.what == intent::kind::remove || asked.what == intent::kind::settle || asked.what == intent::kind::sweep;
    require(asked.what == intent::kind::log || with_its_job, job, "a log lost a line unasked");
    require(lines > 0, job, "a log lost a line that it did not have");
    reach_if(asked.what == intent::kind::log, probe::log_cut);
    if (--lines == 0)
        lines_.erase(row.key);
}

}  // namespace cofila::sim
