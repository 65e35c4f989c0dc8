#include "domain/why.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

namespace cofila::domain {

namespace {

using kind = why_cause::kind;

/// How long something still takes or has taken, for people.
std::string span(milliseconds time)
{
    if (time < std::chrono::seconds{10})
        return std::to_string(time.count()) + " ms";
    if (time < std::chrono::minutes{10})
        return std::to_string(std::chrono::floor<seconds>(time).count()) + " s";
    if (time < std::chrono::hours{48})
        return std::to_string(std::chrono::floor<std::chrono::minutes>(time).count()) + " minutes";
    return std::to_string(std::chrono::floor<std::chrono::days>(time).count()) + " days";
}

std::string names(const std::vector<job_id>& jobs)
{
    std::string out;
    for (const auto& id : jobs)
        out += (out.empty() ? "'" : ", '") + id.str() + "'";
    return out;
}

/// Collects the causes that apply.
class explanation {
public:
    explanation(const job_situation& about, time_point now) : about_{about}, now_{now} {}

    std::vector<why_cause> run()
    {
        const auto& job = *about_.job;
        if (job.state == job_state::active)
            runs();
        else if (is_finished(job.state))
            add({.what = kind::finished, .text = "it is " + std::string{to_string(job.state)} + " already"});
        else if (job.kept_for != 0)
            kept();
        else if (job.state == job_state::delayed && job.run_at > now_)
            not_due(*job.run_at);
        else if (job.state == job_state::waiting && job.due_at > now_)  // it was due by another process's clock
            not_due(*job.due_at);
        else
            waits();
        return std::move(causes_);
    }

private:
    void add(why_cause cause) { causes_.push_back(std::move(cause)); }

    void runs()
    {
        const auto& job = *about_.job;
        if (job.cancelled)
            add(
                {.what = kind::asked_to_end,
                 .text = "it was cancelled (" + *job.cancelled + "), and waits for worker " + job.worker + " to end it"}
            );
        add({.what = kind::running, .text = "it is running, on worker " + job.worker});
    }

    void not_due(time_point until)
    {
        add({.what = kind::not_due, .until = until, .text = "it is due in " + span(until - now_)});
    }

    void kept()
    {
        why_cause cause{.what = kind::kept, .text = "it is kept for the end of the job that owns its deduplication id"};
        if (about_.owner)
            cause.holders.push_back(*about_.owner);
        add(std::move(cause));
    }

    void waits()
    {
        const auto& limits = about_.settings;
        if (limits.paused)
            add({.what = kind::paused, .text = "the queue is paused"});
        if (limits.rests_until && *limits.rests_until > now_)
            timed(kind::resting, *limits.rests_until, "a processor asked for a rest of the queue, of another ");
        full(kind::global_concurrency, limits.concurrency, about_.queue, "the queue");
        if (about_.queue.full_until)
            timed(kind::rate_limit, *about_.queue.full_until, "the queue's rate is used up for another ");
        if (about_.job->options->group)
            of_group();
        no_claims();
        if (about_.ahead > 0)
            add(
                {.what = kind::behind_others,
                 .ahead = about_.ahead,
                 .text = "jobs before it: " + std::to_string(about_.ahead)}
            );
        if (causes_.empty())
            add({.what = kind::next, .text = "nothing keeps it: it is the next one"});
    }

    void of_group()
    {
        const auto& limits = about_.settings.group;
        const auto group = "its group '" + *about_.job->options->group + "'";
        full(kind::group_concurrency, limits.concurrency, about_.group, group);
        if (about_.group.full_until)
            timed(kind::group_rate, *about_.group.full_until, "the rate of " + group + " is used up for another ");
        if (limits.keep_order && about_.group_retries)
            add({.what = kind::group_order, .text = "an earlier job of " + group + " is to be tried again first"});
    }

    void timed(kind what, time_point until, const std::string& text)
    {
        add({.what = what, .until = until, .text = text + span(until - now_)});
    }

    void full(kind what, const std::optional<int>& most, const limit_use& use, const std::string& whose)
    {
        if (most && use.active >= *most)
            add(
                {.what = what,
                 .holders = use.holders,
                 .text =
                     "all places of " + whose + " (" + std::to_string(*most) + ") are taken, by " + names(use.holders)}
            );
    }

    void no_claims()
    {
        const auto last = about_.last_claim ? std::optional{std::max(*about_.last_claim, time_point{})} : std::nullopt;
        if (!last)
            add({.what = kind::no_claims, .text = "no worker has claimed from this queue yet"});
        else if (now_ - *last >= no_claims_after)
            add(
                {.what = kind::no_claims,
                 .until = last,
                 .text = "no worker has claimed from this queue for " + span(now_ - *last)}
            );
    }

    const job_situation& about_;
    const time_point now_;
    std::vector<why_cause> causes_{};
};

}  // namespace

why_answer explain(const job_situation& situation, time_point now)
{
    why_answer out{.causes = explanation{situation, now}.run()};
    for (const auto& cause : out.causes)
        out.text += (out.text.empty() ? "" : "; ") + cause.text;
    return out;
}

}  // namespace cofila::domain
