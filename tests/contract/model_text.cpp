#include "contract/model_text.hpp"

#include <algorithm>
#include <cstddef>

#include "contract/store.hpp"

namespace cofila::test {

std::string text(const std::optional<time_point>& at)
{
    return at ? std::to_string(at->time_since_epoch().count()) : std::string{"never"};
}

std::string text(job_record job)
{
    job.key = 0;
    job.position = 0;
    job.kept_for = job.kept_for != 0 ? 1 : 0;
    return describe(job);
}

std::string text(const job_snapshot& job) { return job ? text(*job) : std::string{"no job\n"}; }

std::string text(const std::string& what, const std::vector<job_snapshot>& jobs)
{
    std::string out;
    for (const auto& job : jobs)
        out += what + ' ' + text(job);
    return out;
}

std::string text(const std::string& what, const std::vector<job_id>& jobs)
{
    std::string out;
    for (const auto& id : jobs)
        out += what + ' ' + id.str() + '\n';
    return out;
}

std::string text(const added_row& row)
{
    return (row.duplicate ? "duplicate " : "added ") + text(row.job) +
           (row.deduplicated_by ? "instead of it " + row.deduplicated_by->str() + '\n' : "");
}

std::string text(const job_news& news)
{
    return "news " + std::to_string(static_cast<int>(news.why)) + ' ' + news.job->queue + ", was " +
           (news.was ? std::string{to_string(*news.was)} : "nowhere") + (news.gone ? ", gone" : "") +
           (news.kept ? ", kept " + news.kept->str() : "") + ' ' + text(news.job);
}

std::string text(const news_list& news)
{
    std::string out;
    for (const auto& one : news)
        out += text(one);
    return out;
}

std::string text(const add_answer& answer)
{
    std::string out;
    for (const auto& row : answer.rows)
        out += text(row);
    return out + text("claimed", answer.claimed) + text(answer.news);
}

namespace {

std::string words(const std::optional<rate_limit>& rate)
{
    return rate ? std::to_string(rate->max) + " in " + std::to_string(rate->duration.count()) : std::string{"any"};
}

std::string words(const std::optional<int>& most) { return most ? std::to_string(*most) : std::string{"any"}; }

std::string words(const limit_use& use)
{
    return std::to_string(use.active) + " active, full until " + text(use.full_until) + '\n' +
           text("holder", use.holders);
}

}  // namespace

std::string text(const queue_settings& settings)
{
    const auto& group = settings.group;
    return std::string{settings.paused ? "paused, " : "open, "} + words(settings.concurrency) + ", " +
           words(settings.rate) + ", of a group " + words(group.concurrency) + ", " + words(group.rate) +
           (group.keep_order ? " in order" : "") + ", rests until " + text(settings.rests_until) + ", events " +
           std::to_string(settings.keep_events.value_or(0)) + ", minutes " +
           std::to_string(settings.keep_minutes.value_or(0)) + '\n';
}

std::string text(const job_situation& situation)
{
    return text(situation.job) + text(situation.settings) + words(situation.queue) + words(situation.group) +
           (situation.group_retries ? "the group retries, " : "") + "owner " +
           (situation.owner ? situation.owner->str() : "none") + ", ahead " + std::to_string(situation.ahead) +
           ", last claim " + text(situation.last_claim) + '\n';
}

std::string text(const std::vector<std::string>& items)
{
    std::string out;
    for (const auto& item : items)
        out += item + '\n';
    return out;
}

std::string text(const event_log_state& state)
{
    return "log of " + words(state.events) + ", last " + std::to_string(state.last) + ", cursor " +
           (state.cursor ? std::to_string(*state.cursor) : "none") + ", number " + std::to_string(state.log) + '\n';
}

std::string text(const std::vector<logged_event>& events)
{
    std::string numbers;
    std::vector<std::string> lines;
    for (const auto& what : events) {
        numbers += std::to_string(what.sequence) + ' ';
        lines.push_back(
            std::to_string(static_cast<int>(what.what)) + ' ' + what.id.str() + ' ' +
            (what.from ? std::string{to_string(*what.from)} : "nowhere") + ' ' + std::string{to_string(what.state)} +
            ' ' + text(what.at) + ' ' + what.text
        );
    }
    std::ranges::sort(lines);
    return "events " + numbers + '\n' + text(lines);
}

std::string text(const queue_metrics& metrics)
{
    std::string out = "latency " + std::to_string(metrics.latency.count()) + '\n';
    for (const auto& minute : metrics.minutes) {
        out += "minute " + text(minute.start);
        for (const auto& jobs : {minute.completed, minute.failed})
            out += ' ' + std::to_string(jobs.count) + ' ' + std::to_string(jobs.total.count()) + ' ' +
                   std::to_string(jobs.longest.count());
        out += '\n';
    }
    return out;
}

std::string text(const change_answer& answer)
{
    return (answer.found() ? "was " + std::string{to_string(*answer.was)} : "not found") + '\n' + text(answer.job) +
           text(answer.news);
}

std::string text(const changed_page& page)
{
    return std::to_string(page.changed) + " changed\n" + text(page.news) +
           (page.next.empty() ? "the last\n" : "and more\n");
}

std::string text(const settle_and_claim_answer& answer)
{
    std::string out;
    for (const auto one : answer.settlements)
        out += "settled " + std::to_string(static_cast<int>(one)) + '\n';
    out += text("claimed", answer.claimed) + text(answer.news);
    return out + "next due " + text(answer.next_due) + (answer.limited ? ", limited" : "") +
           (answer.drained ? ", drained\n" : "\n");
}

std::string text(const std::vector<renewal>& answers)
{
    std::string out{"renewed"};
    for (const auto& one : answers)
        out += std::string{one.held ? " yes" : " no"} + (one.cancelled ? ", cancelled " + *one.cancelled : "");
    return out + '\n';
}

std::string text(const std::vector<std::optional<std::string>>& cancellations)
{
    std::string out{"cancelled"};
    for (const auto& why : cancellations)
        out += why ? " yes, " + *why : " no";
    return out + '\n';
}

std::string text(const std::string& what, const fenced_write& answer)
{
    return (answer.stored ? "" : "no ") + what + (answer.cancelled ? ", cancelled " + *answer.cancelled : "") + '\n';
}

std::string text(const sweep_answer& answer)
{
    std::vector<std::string> lines;
    for (const auto& one : answer.news)
        lines.push_back(text(one));
    std::ranges::sort(lines);  // a sweep may take the queues in any order
    return text(lines);
}

}  // namespace cofila::test
