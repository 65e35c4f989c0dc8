#include "answers.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace cofila::sim {

namespace {

using change_list = std::vector<row_change>;

bool left_active(const row_change& change)
{
    return change.before && change.after && change.before->state == job_state::active &&
           change.after->state != job_state::active;
}

/// One text of each of these changes, in order.
template <class Which, class Text>
std::vector<std::string> texts(const change_list& changes, Which which, Text text)
{
    std::vector<std::string> out;
    for (const auto& change : changes)
        if (which(change))
            out.push_back(text(change));
    return out;
}

std::vector<std::string> claims(const ledger::effect& did)
{
    return texts(
        did.changes,
        [](const auto& one) { return became(one, job_state::waiting, job_state::active); },
        [](const auto& one) { return one.after->id + " " + one.after->token; }
    );
}

std::vector<std::string> claims(const std::vector<job_snapshot>& jobs)
{
    std::vector<std::string> out;
    for (const auto& job : jobs)
        out.push_back(job->id.str() + " " + job->token);
    return out;
}

using cause = job_news::cause;

/// Queue and id of each of these.
std::vector<std::string> names(const news_list& news, const std::set<cause>& which)
{
    std::vector<std::string> out;
    for (const auto& one : news)
        if (which.contains(one.why))
            out.push_back(one.job->queue + " " + one.job->id.str());
    return out;
}

bool is_due(const row_change& change) { return became(change, job_state::delayed, job_state::waiting); }

std::vector<bool> accepted(const ledger::effect& did, const std::vector<settlement>& asked)
{
    std::vector<bool> out;
    for (const auto& one : asked)
        out.push_back(std::ranges::any_of(did.changes, [&](const row_change& change) {
            return left_active(change) && change.before->token == one.job.token;
        }));
    return out;
}

/// Removed by their retention; not with the rescue that ended them.
std::map<std::string, std::size_t> pruned(const ledger::effect& did, const ledger& known)
{
    std::map<std::string, std::size_t> out;
    for (const auto& change : did.changes)
        if (change.before && !change.after && !known.went_with_its_end(did.changes, *change.before))
            ++out[known.name_of(change.before->queue)];
    return out;
}

bool is_true(const ledger::effect& did, const added_row& answer)
{
    const auto& job = *answer.job;
    const auto made = std::ranges::find_if(did.changes, [&](const row_change& change) {
        return change.after && !change.before && change.after->id == job.id.str();
    });
    if (made != did.changes.end())
        return !answer.duplicate && job.key == made->after->key && job.state == made->after->state;
    const auto there = did.found.find(job.id.str());
    return answer.duplicate && there != did.found.end() && there->second == job.state;
}

/// An added one is reported, and whatever else happened too.
bool is_true(const added_row& row, const job_news& news)
{
    return news.job == row.job && news.why == (row.duplicate ? cause::duplicated : cause::added) && !news.gone;
}

}  // namespace

bool is_true(const ledger::effect& did, const add_answer& answer)
{
    return std::ranges::all_of(answer.rows, [&](const added_row& row) { return is_true(did, row); }) &&
           std::ranges::equal(answer.rows, answer.news, [](const auto& a, const auto& b) { return is_true(a, b); }) &&
           claims(did) == claims(answer.claimed);
}

bool is_true(const ledger::effect& did, const settle_and_claim_request& asked, const settle_and_claim_answer& answer)
{
    std::vector<bool> said;
    for (const auto one : answer.settlements)
        said.push_back(one == settled::accepted);
    std::vector<std::string> due;
    for (const auto& one : answer.news)
        due.push_back(one.why == cause::due ? one.job->id.str() : "unexpected");
    const bool wants_more = asked.claim && answer.claimed.size() < asked.claim->tokens.size();
    const auto next = answer.next_due ? std::optional{answer.next_due->time_since_epoch().count()} : std::nullopt;
    return said == accepted(did, asked.settlements) && claims(did) == claims(answer.claimed) &&
           due == texts(did.changes, is_due, [](const auto& one) { return one.after->id; }) &&
           next == (wants_more ? did.next_due : std::nullopt) && answer.drained == did.drained;
}

bool is_true(const ledger::effect& did, const std::vector<std::string>& tokens, const std::vector<bool>& answer)
{
    std::vector<bool> renewed;
    for (const auto& token : tokens)
        renewed.push_back(std::ranges::any_of(did.changes, [&](const row_change& change) {
            return change.before && change.before->token == token;
        }));
    return renewed == answer;
}

bool is_true(const ledger::effect& did, bool answer)
{
    return answer == std::ranges::any_of(did.changes, [](const row_change& change) {
               return change.before || (change.queue && !change.made) || change.written;
           });
}

bool is_true(const ledger::effect& did, const job_id& id, const change_answer& answer)
{
    const auto there = did.found.find(id.str());
    if (there == did.found.end())
        return !answer.found() && !answer.done() && did.changes.empty();
    const auto moved = std::ranges::find_if(did.changes, [&](const row_change& change) {
        return change.before && change.before->id == id.str();
    });
    const bool done = moved != did.changes.end();
    const auto now = done && moved->after ? moved->after->state : there->second;
    return answer.was == there->second && answer.done() == done && (!answer.job || answer.job->state == now);
}

bool is_true(const ledger::effect& did, const ledger& known, const sweep_request& asked, const sweep_answer& answer)
{
    const auto name = [&](const row_change& one) { return known.name_of(one.after->queue) + " " + one.after->id; };
    std::map<std::string, std::size_t> gone;
    for (const auto& one : answer.news)
        if (one.why == cause::cleaned)
            ++gone[one.job->queue];
    const auto due = names(answer.news, {cause::due});
    const auto removed = names(answer.news, {cause::cleaned}).size();
    const auto full = static_cast<std::size_t>(asked.limit);
    return due == texts(did.changes, is_due, name) &&
           names(answer.news, {cause::stalled}) == texts(did.changes, left_active, name) &&
           gone == pruned(did, known) && answer.more == (due.size() >= full || removed >= full);
}

}  // namespace cofila::sim
