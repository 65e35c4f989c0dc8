#include <cofila/error.hpp>

#include <chrono>
#include <cstddef>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "domain/text.hpp"
#include "domain/transitions.hpp"
#include "domain/validation.hpp"
#include "support/all_states.hpp"
#include "support/error_of.hpp"
#include "support/new_year.hpp"
#include "support/print.hpp"

using namespace cofila;
using namespace cofila::test;
using namespace std::chrono_literals;
using placement = transition::placement;

TEST_SUITE_BEGIN("transitions: changes");

namespace {

/// A job that has been through everything.
job_record job_in(job_state state, job_options options = {})
{
    auto job = domain::new_job(
        "a", "task", "{}", std::make_shared<const job_options>(domain::resolve(options, queue_options{})), new_year - 1h
    );
    job.state = state;
    job.attempts_started = 9;
    job.attempts_made = 2;
    job.stalled_count = 1;
    job.deferrals = 5;
    job.worker = "worker 1";
    if (state == job_state::delayed)
        job.run_at = new_year + 7s;
    if (state == job_state::active)
        job.locked_until = new_year + 30s;
    if (is_finished(state))
        job.finished_at = new_year - 1s;
    return job;
}

void check_counters(const transition& change, int attempts_made, int stalled_count, int deferrals)
{
    CHECK(change.attempts_made == attempts_made);
    CHECK(change.stalled_count == stalled_count);
    CHECK(change.deferrals == deferrals);
}

}  // namespace

TEST_CASE("a job expires its time to live after its add, however long it is delayed")
{
    const auto options = [](job_options given) {
        return std::make_shared<const job_options>(domain::resolve(given, queue_options{}));
    };
    CHECK(domain::new_job("a", "task", "{}", options({}), new_year).expires_at == std::nullopt);
    CHECK(domain::new_job("a", "task", "{}", options({.ttl = 5s}), new_year).expires_at == new_year + 5s);
    CHECK(domain::new_job("a", "task", "{}", options({.delay = 1h, .ttl = 5s}), new_year).expires_at == new_year + 5s);
    const auto past =
        error_of([&] { domain::new_job("a", "task", "{}", options({.ttl = milliseconds::max()}), new_year); });
    CHECK(past.code == errc::invalid_argument);
    CHECK(past.field == "ttl");
}

TEST_CASE("only a job that waits, was never started and whose time is over has expired")
{
    for (const auto state : all_states) {
        auto job = job_in(state);
        job.attempts_started = 0;
        job.expires_at = new_year;
        CHECK(domain::has_expired(job, new_year) == (state == job_state::waiting || state == job_state::delayed));
    }
    auto job = job_in(job_state::waiting);
    job.expires_at = new_year;
    CHECK_FALSE(domain::has_expired(job, new_year));  // it was started
    job.attempts_started = 0;
    CHECK_FALSE(domain::has_expired(job, new_year - 1ms));
    job.expires_at.reset();
    CHECK_FALSE(domain::has_expired(job, new_year));
}

TEST_CASE("an expired job fails, and may start at any time when it is retried")
{
    const auto change =
        domain::after_expiry(job_in(job_state::delayed, {.on_failed = retention::keep_last(3)}), new_year);
    CHECK(change.to == job_state::failed);
    CHECK(change.failed_reason == "expired");
    CHECK(change.finished_at == new_year);
    CHECK(change.run_at == std::nullopt);
    CHECK(change.forget_expiry);
    CHECK(change.prune_count == 3);
    CHECK_FALSE(change.failed_attempt.has_value());
    check_counters(change, 2, 1, 5);
    CHECK(domain::after_retry(job_in(job_state::failed), {}).forget_expiry);
}

TEST_CASE("a deferral moves the job to its time, or to its old place, and counts as one")
{
    struct {
        const char* name;
        deferral when;
        std::optional<time_point> run_at;
        std::optional<time_point> rests_until;
    } const cases[] = {
        {"for a while", delay_for{.wait = 5s}, new_year + 5s, {}},
        {"for no time", delay_for{}, {}, {}},
        {"for less than no time", delay_for{.wait = -1s}, {}, {}},
        {"for ever", delay_for{.wait = milliseconds::max()}, time_point::max(), {}},
        {"until later", delay_until{.at = new_year + 1ms}, new_year + 1ms, {}},
        {"until now", delay_until{.at = new_year}, {}, {}},
        {"until before", delay_until{.at = time_point::min()}, {}, {}},
        {"limited", rate_limited{.wait = 5s}, {}, new_year + 5s},
        {"limited for no time", rate_limited{}, {}, new_year},
        {"limited for less than no time", rate_limited{.wait = milliseconds::min()}, {}, new_year},
        {"limited for ever", rate_limited{.wait = milliseconds::max()}, {}, time_point::max()},
    };
    for (const auto& c : cases) {
        INFO(c.name);
        const auto change = domain::after_deferral(job_in(job_state::active), c.when, new_year);
        CHECK(change.to == (c.run_at ? job_state::delayed : job_state::waiting));
        CHECK(change.run_at == c.run_at);
        CHECK(change.queue_rests_until == c.rests_until);
        CHECK(change.place == placement::keep);
        CHECK(change.finished_at == std::nullopt);
        CHECK_FALSE(change.failed_attempt.has_value());
        check_counters(change, 2, 1, 6);
    }
}

TEST_CASE("one deferral too many is the end, and limits nobody")
{
    for (const int most : {0, 5, 6}) {
        const auto job = job_in(job_state::active, {.on_failed = retention::remove_at_once(), .max_deferrals = most});
        const auto change = domain::after_deferral(job, rate_limited{.wait = 5s}, new_year);
        CHECK(change.to == (most > 5 ? job_state::waiting : job_state::failed));
        if (most > 5)
            continue;
        CHECK(change.failed_reason == "job put off more than allowable limit");
        CHECK(change.queue_rests_until == std::nullopt);
        CHECK(change.finished_at == new_year);
        CHECK(change.remove);
        CHECK_FALSE(change.retries_exhausted);
        check_counters(change, 2, 1, 5);
    }
}

TEST_CASE("a cancelled job fails; its attempt is counted where one ran")
{
    for (const auto state : {job_state::waiting, job_state::delayed, job_state::active}) {
        const auto change = domain::after_cancellation(job_in(state), "no more", new_year);
        CHECK(change.to == job_state::failed);
        CHECK(change.failed_reason == "cancelled: no more");
        CHECK(change.finished_at == new_year);
        CHECK(change.run_at == std::nullopt);
        CHECK_FALSE(change.retries_exhausted);
        const bool ran = state == job_state::active;
        check_counters(change, ran ? 3 : 2, 1, 5);
        REQUIRE(change.failed_attempt.has_value() == ran);
        if (!ran)
            continue;
        CHECK(change.failed_attempt->number == 3);
        CHECK(change.failed_attempt->error.message == "cancelled: no more");
        CHECK(change.failed_attempt->error.type == "cofila::cancelled");
        CHECK(change.failed_attempt->error.unrecoverable);
        CHECK(change.failed_attempt->at == new_year);
        CHECK(change.failed_attempt->worker == "worker 1");
    }
}

TEST_CASE("a job that was cancelled meanwhile does not run again, but may end by itself")
{
    auto job = job_in(job_state::active, {.attempts = 9});
    const auto again = domain::after_failure(job, {.message = "boom"}, new_year, 0);
    CHECK(domain::unless_cancelled(job, again, new_year).to == job_state::waiting);
    job.cancelled = "no more";
    const transition changes[] = {
        again, domain::after_release(job), domain::after_deferral(job, rate_limited{.wait = 5s}, new_year)
    };
    for (const auto& change : changes) {
        const auto instead = domain::unless_cancelled(job, change, new_year + 1s);
        CHECK(instead.to == job_state::failed);
        CHECK(instead.failed_reason == "cancelled: no more");
        CHECK(instead.finished_at == new_year + 1s);
        CHECK(instead.queue_rests_until == std::nullopt);
        check_counters(instead, 3, 1, 5);
    }
    CHECK(domain::unless_cancelled(job, domain::after_success(job, "42", new_year), new_year).result == "42");
    const auto last = domain::after_failure(job, {.message = "boom", .unrecoverable = true}, new_year, 0);
    CHECK(domain::unless_cancelled(job, last, new_year).failed_reason == "boom");
}

TEST_CASE("a verdict: the token holds the lock, has ended the attempt before, or has lost it")
{
    const transition completed{.to = job_state::completed};
    const transition again{.to = job_state::waiting};
    CHECK(domain::verdict(nullptr, "t", {}) == settled::lost);
    for (const auto state : all_states) {
        INFO(to_string(state));
        auto job = job_in(state);
        CHECK(domain::verdict(&job, "", completed) == settled::lost);
        CHECK(domain::verdict(&job, "another", completed) == settled::lost);
        job.token = "t";
        const bool active = state == job_state::active;
        CHECK(domain::verdict(&job, "t", completed) == (active ? settled::accepted : settled::already));
        job.cancelled = "no more";
        CHECK(domain::verdict(&job, "t", completed) == (active ? settled::accepted : settled::already));
        CHECK(domain::verdict(&job, "t", again) == (active ? settled::cancelled : settled::already));
    }
    auto without_token = job_in(job_state::active);
    without_token.token.clear();
    CHECK(domain::verdict(&without_token, "", {}) == settled::lost);
}

TEST_CASE("a job was completed elsewhere if its own token reports another end")
{
    for (const auto state : all_states) {
        INFO(to_string(state));
        auto job = job_in(state);
        job.token = "t";
        const transition failed{.to = job_state::failed};
        CHECK(domain::was_completed_elsewhere(job, "t", failed) == (state == job_state::completed));
        CHECK_FALSE(domain::was_completed_elsewhere(job, "another", failed));
        CHECK_FALSE(domain::was_completed_elsewhere(job, "t", {.to = job_state::completed}));
    }
}

TEST_CASE("a job that is damaged or has expired is unfit to run, and says how it ends")
{
    auto job = job_in(job_state::waiting);
    job.attempts_started = 0;
    CHECK_FALSE(domain::unfit(job, new_year));
    job.expires_at = new_year;
    CHECK_FALSE(domain::unfit(job, new_year - 1ms));
    CHECK(domain::unfit(job, new_year)->failed_reason == domain::expired_reason);
    job.damage = "no options";
    for (const auto now : {new_year - 1ms, new_year}) {
        const auto end = domain::unfit(job, now);
        REQUIRE(end);
        CHECK(end->to == job_state::failed);
        CHECK(end->failed_reason != domain::expired_reason);
    }
}

TEST_CASE("a job that was kept for another's end waits, and owns its id if that is free")
{
    for (const bool free : {true, false}) {
        auto kept = job_in(job_state::delayed);
        kept.kept_for = 17;
        kept.run_at = time_point::max();
        const auto job = domain::freed(kept, free);
        CHECK(job.state == job_state::waiting);
        CHECK_FALSE(job.run_at);
        CHECK(job.kept_for == 0);
        CHECK(job.holds_dedup == free);
    }
}

TEST_CASE("a cancelled job whose lock ran out has ended, however often it may stall")
{
    auto job = job_in(job_state::active, {.backoff = backoff::fixed(1h), .max_stalled_count = 9});
    job.cancelled = "no more";
    const auto change = domain::mark_as_stalled(job, new_year, 0);
    CHECK(change.to == job_state::failed);
    CHECK(change.failed_reason == "cancelled: no more");
    CHECK(change.run_at == std::nullopt);
    check_counters(change, 3, 2, 5);
}

TEST_CASE("which state allows which change")
{
    struct {
        const char* name;
        job_change what;
        bool allowed[5];  // as in all_states
    } const cases[] = {
        {"removal", removal{}, {true, true, false, true, true}},
        {"forced removal", forced_removal{}, {true, true, true, true, true}},
        {"promotion", promotion{}, {false, true, false, false, false}},
        {"retrial", retrial{}, {false, false, false, true, true}},
        {"new delay", new_delay{.wait = 1s}, {true, true, false, false, false}},
        {"new priority", new_priority{.priority = 3}, {true, true, false, false, false}},
        {"cancellation", cancellation{.why = "x"}, {true, true, true, false, false}},
    };
    for (const auto& c : cases)
        for (std::size_t i = 0; i < std::size(all_states); ++i) {
            INFO(c.name, " of a job that is ", to_string(all_states[i]));
            CHECK(domain::after_change(job_in(all_states[i]), c.what, new_year).has_value() == c.allowed[i]);
        }
}

TEST_CASE("a removal only removes")
{
    for (const auto state : all_states) {
        const auto change = domain::after_change(job_in(state), forced_removal{}, new_year);
        REQUIRE(change);
        CHECK(change->to == state);
        CHECK(change->remove);
    }
}

TEST_CASE("a new delay counts from now, none is a promotion")
{
    for (const auto state : {job_state::waiting, job_state::delayed}) {
        const auto later = domain::after_change(job_in(state), new_delay{.wait = 5s}, new_year);
        REQUIRE(later);
        CHECK(later->to == job_state::delayed);
        CHECK(later->run_at == new_year + 5s);
        CHECK(later->place == placement::keep);
        check_counters(*later, 2, 1, 5);
        const auto at_once = domain::after_change(job_in(state), new_delay{}, new_year);
        REQUIRE(at_once);
        CHECK(at_once->to == job_state::waiting);
        CHECK(at_once->run_at == std::nullopt);
        CHECK(at_once->place == placement::keep);
        const auto never = domain::after_change(job_in(state), new_delay{.wait = milliseconds::max()}, new_year);
        REQUIRE(never);
        CHECK(never->run_at == time_point::max());
    }
}

TEST_CASE("a new priority changes the priority and the place, and nothing else")
{
    for (const auto state : {job_state::waiting, job_state::delayed})
        for (const bool lifo : {false, true}) {
            const auto before = job_in(state);
            const auto change = domain::after_change(before, new_priority{.priority = 3, .lifo = lifo}, new_year);
            REQUIRE(change);
            CHECK(change->priority == 3);
            CHECK(change->place == (lifo ? placement::head : placement::tail));
            auto after = before;
            domain::apply(after, *change);
            CHECK(after.priority == 3);
            CHECK(after.state == state);
            CHECK(after.run_at == before.run_at);
            check_counters(*change, 2, 1, 5);
        }
}

TEST_CASE("the cancellation of an active job moves nothing, it asks")
{
    const auto before = job_in(job_state::active);
    const auto change = domain::after_change(before, cancellation{.why = std::string(100'000, 'x')}, new_year);
    REQUIRE(change);
    CHECK(change->to == job_state::active);
    REQUIRE(change->cancelled);
    CHECK(change->cancelled->size() <= domain::text_limit);
    auto after = before;
    domain::apply(after, *change);
    CHECK(after.state == job_state::active);
    CHECK(after.locked_until == before.locked_until);
    CHECK(after.cancelled == change->cancelled);
    domain::apply(after, domain::after_release(after));
    CHECK(after.cancelled == std::nullopt);
}

TEST_CASE("a retry begins anew, or keeps what counts against the limits")
{
    const auto anew = domain::after_change(job_in(job_state::failed), retrial{}, new_year);
    REQUIRE(anew);
    CHECK(anew->to == job_state::waiting);
    CHECK(anew->place == placement::tail);
    check_counters(*anew, 0, 0, 0);
    const auto kept = domain::after_change(
        job_in(job_state::completed, {.lifo = true}), retrial{.options = {.keep_attempts = true}}, new_year
    );
    REQUIRE(kept);
    CHECK(kept->place == placement::head);
    check_counters(*kept, 2, 0, 5);
}

TEST_SUITE_END();
