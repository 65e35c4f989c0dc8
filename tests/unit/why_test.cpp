#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "domain/dedup.hpp"
#include "domain/transitions.hpp"
#include "domain/validation.hpp"
#include "domain/why.hpp"
#include "support/new_year.hpp"
#include "support/print.hpp"

using namespace cofila;
using namespace std::chrono_literals;
using kind = why_cause::kind;
using test::new_year;

TEST_SUITE_BEGIN("why");

namespace {

job_record a_job(job_options options = {})
{
    return domain::new_job(
        "a", "task", "{}", std::make_shared<const job_options>(domain::resolve(options, {})), new_year - 1h
    );
}

/// Of a queue from which somebody claims.
job_situation situation_of(job_record job)
{
    return {.job = std::make_shared<const job_record>(std::move(job)), .last_claim = new_year};
}

std::vector<kind> kinds(const why_answer& answer)
{
    std::vector<kind> out;
    for (const auto& cause : answer.causes)
        out.push_back(cause.what);
    return out;
}

/// The one cause that there is, with its words.
why_cause only(const job_situation& situation)
{
    const auto answer = domain::explain(situation, new_year);
    REQUIRE(answer.causes.size() == 1);
    CHECK(answer.text == answer.causes[0].text);
    return answer.causes[0];
}

}  // namespace

TEST_CASE("a job that nothing keeps is the next one")
{
    const auto cause = only(situation_of(a_job()));
    CHECK(cause.what == kind::next);
    CHECK(cause.text == "nothing keeps it: it is the next one");
}

TEST_CASE("a job that was cancelled while it runs waits for its worker to end it")
{
    auto job = a_job();
    job.state = job_state::active;
    job.worker = "host:1";
    job.cancelled = "no more";
    const auto answer = domain::explain(situation_of(job), new_year);
    CHECK(kinds(answer) == std::vector{kind::asked_to_end, kind::running});
    CHECK(
        answer.text ==
        "it was cancelled (no more), and waits for worker host:1 to end it; it is running, on worker host:1"
    );
}

TEST_CASE("a job that runs, or has, is told as that")
{
    auto job = a_job();
    job.state = job_state::active;
    job.worker = "host:1";
    auto cause = only(situation_of(job));
    CHECK(cause.what == kind::running);
    CHECK(cause.text == "it is running, on worker host:1");
    job.state = job_state::completed;
    cause = only(situation_of(job));
    CHECK(cause.what == kind::finished);
    CHECK(cause.text == "it is completed already");
    job.state = job_state::failed;
    CHECK(only(situation_of(job)).text == "it is failed already");
}

TEST_CASE("a delayed job is not due yet, and for nothing else")
{
    auto job = a_job();
    job.state = job_state::delayed;
    job.run_at = new_year + 90s;
    auto situation = situation_of(job);
    situation.settings.paused = true;
    const auto cause = only(situation);
    CHECK(cause.what == kind::not_due);
    CHECK(cause.until == new_year + 90s);
    CHECK(cause.text == "it is due in 90 s");
}

TEST_CASE("a delayed job that is due counts as a waiting one")
{
    auto job = a_job();
    job.state = job_state::delayed;
    job.run_at = new_year;
    auto situation = situation_of(job);
    CHECK(only(situation).what == kind::next);
    situation.settings.paused = true;
    CHECK(only(situation).what == kind::paused);
}

TEST_CASE("times are told in words that fit them")
{
    const auto words = [](milliseconds wait) {
        auto job = a_job();
        job.state = job_state::delayed;
        job.run_at = new_year + wait;
        return only(situation_of(job)).text;
    };
    CHECK(words(1ms) == "it is due in 1 ms");
    CHECK(words(9'999ms) == "it is due in 9999 ms");
    CHECK(words(10s) == "it is due in 10 s");
    CHECK(words(9min + 59s) == "it is due in 599 s");
    CHECK(words(10min) == "it is due in 10 minutes");
    CHECK(words(47h) == "it is due in 2820 minutes");
    CHECK(words(48h) == "it is due in 2 days");
}

TEST_CASE("a kept job names the owner for whose end it is kept")
{
    auto job = a_job({.dedup = deduplication{.id = "d", .how = deduplication::mode::keep_last}});
    domain::keep_for(job, 17);
    auto situation = situation_of(job);
    CHECK(only(situation).holders.empty());
    situation.owner = "b";
    const auto cause = only(situation);
    CHECK(cause.what == kind::kept);
    CHECK(cause.holders == std::vector<job_id>{"b"});
    CHECK(cause.text == "it is kept for the end of the job that owns its deduplication id");
}

TEST_CASE("each limit of the queue is told that is reached, and none that is not")
{
    auto situation = situation_of(a_job());
    situation.settings.paused = true;
    auto cause = only(situation);
    CHECK(cause.what == kind::paused);
    CHECK(cause.text == "the queue is paused");

    situation.settings = {.rests_until = new_year + 5s};
    cause = only(situation);
    CHECK(cause.what == kind::resting);
    CHECK(cause.until == new_year + 5s);
    CHECK(cause.text == "a processor asked for a rest of the queue, of another 5000 ms");
    situation.settings.rests_until = new_year;
    CHECK(only(situation).what == kind::next);

    situation.settings = {.concurrency = 2};
    situation.queue = {.active = 2, .holders = {"x", "y"}};
    cause = only(situation);
    CHECK(cause.what == kind::global_concurrency);
    CHECK(cause.holders == std::vector<job_id>{"x", "y"});
    CHECK(cause.text == "all places of the queue (2) are taken, by 'x', 'y'");
    situation.queue.active = 1;
    CHECK(only(situation).what == kind::next);

    situation.queue = {.full_until = new_year + 2s};
    cause = only(situation);
    CHECK(cause.what == kind::rate_limit);
    CHECK(cause.until == new_year + 2s);
    CHECK(cause.text == "the queue's rate is used up for another 2000 ms");
}

TEST_CASE("a job with a group gets the limits of that group")
{
    auto situation = situation_of(a_job({.group = "g"}));
    CHECK(only(situation).what == kind::next);
    situation.settings.group.concurrency = 1;
    situation.group = {.active = 1, .holders = {"x"}};
    auto cause = only(situation);
    CHECK(cause.what == kind::group_concurrency);
    CHECK(cause.holders == std::vector<job_id>{"x"});
    CHECK(cause.text == "all places of its group 'g' (1) are taken, by 'x'");

    situation.group = {.full_until = new_year + 2s};
    cause = only(situation);
    CHECK(cause.what == kind::group_rate);
    CHECK(cause.until == new_year + 2s);
    CHECK(cause.text == "the rate of its group 'g' is used up for another 2000 ms");

    situation.group = {};
    situation.group_retries = true;
    CHECK(only(situation).what == kind::next);
    situation.settings.group.keep_order = true;
    cause = only(situation);
    CHECK(cause.what == kind::group_order);
    CHECK(cause.text == "an earlier job of its group 'g' is to be tried again first");
}

TEST_CASE("a job without a group knows no group's limits")
{
    auto situation = situation_of(a_job());
    situation.settings.group = {.concurrency = 1, .keep_order = true};
    situation.group = {.active = 1, .full_until = new_year + 2s};
    situation.group_retries = true;
    CHECK(only(situation).what == kind::next);
}

TEST_CASE("a queue from which nobody has claimed for a minute is told, or ever")
{
    auto situation = situation_of(a_job());
    situation.last_claim.reset();
    auto cause = only(situation);
    CHECK(cause.what == kind::no_claims);
    CHECK(cause.until == std::nullopt);
    CHECK(cause.text == "no worker has claimed from this queue yet");
    situation.last_claim = new_year - 60s;
    cause = only(situation);
    CHECK(cause.what == kind::no_claims);
    CHECK(cause.until == new_year - 60s);
    CHECK(cause.text == "no worker has claimed from this queue for 60 s");
    situation.last_claim = new_year - 59'999ms;
    CHECK(only(situation).what == kind::next);
}

TEST_CASE("jobs before it are counted")
{
    auto situation = situation_of(a_job());
    situation.ahead = 12;
    const auto cause = only(situation);
    CHECK(cause.what == kind::behind_others);
    CHECK(cause.ahead == 12);
    CHECK(cause.text == "jobs before it: 12");
}

TEST_CASE("all that keeps a job is told, the gravest first")
{
    auto situation = situation_of(a_job({.group = "g"}));
    situation.settings = {
        .paused = true,
        .concurrency = 1,
        .rate = rate_limit{},
        .group = {.concurrency = 1, .rate = rate_limit{}, .keep_order = true},
        .rests_until = new_year + 1s
    };
    situation.queue = {.active = 1, .holders = {"x"}, .full_until = new_year + 1s};
    situation.group = situation.queue;
    situation.group_retries = true;
    situation.ahead = 1;
    situation.last_claim.reset();
    const auto answer = domain::explain(situation, new_year);
    CHECK(
        kinds(answer) ==
        std::vector{
            kind::paused,
            kind::resting,
            kind::global_concurrency,
            kind::rate_limit,
            kind::group_concurrency,
            kind::group_rate,
            kind::group_order,
            kind::no_claims,
            kind::behind_others
        }
    );
    std::string all;
    for (const auto& cause : answer.causes)
        all += (all.empty() ? "" : "; ") + cause.text;
    CHECK(answer.text == all);
}

TEST_SUITE_END();
