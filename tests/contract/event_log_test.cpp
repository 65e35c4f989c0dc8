#include "contract/contract.hpp"
#include "contract/logged.hpp"

using namespace cofila;
using namespace cofila::test;
using namespace std::chrono_literals;

using lines = std::vector<std::string>;

TEST_SUITE_BEGIN("event log");

CONTRACT_CASE("what happens to a job is told in order, from its adding to its completion")
{
    co_await keep(s, 100);
    co_await s.add("a");
    s.pass(5ms);
    const auto job = co_await s.claim_one();
    (void)co_await s->update_progress(claim_of(job), "50");
    s.pass(7ms);
    (void)co_await s.settle(s.completion(job));
    const auto log = co_await log_after(s, 0);
    CHECK(
        log ==
        lines{
            "1 added a: waiting at 0 (task)",
            "2 moved a: waiting -> active at 5",
            "3 progress a: active -> active (50)",
            "4 moved a: active -> completed at 12"
        }
    );
}

CONTRACT_CASE("a failure that is tried again is told as a move, the last one with its reason")
{
    co_await keep(s, 100);
    auto job = co_await s.add_active("a", {.attempts = 2});
    (void)co_await s.settle(s.failing(job, "once"));
    job = co_await s.claim_one();
    s.pass(3ms);
    (void)co_await s.settle(s.failing(job, "twice"));
    const auto log = co_await log_after(s, 2);
    CHECK(
        log ==
        lines{
            "3 moved a: active -> waiting",
            "4 moved a: waiting -> active at 0",
            "5 moved a: active -> failed at 3 (twice)"
        }
    );
}

CONTRACT_CASE("a job that is removed as it ends is reported twice: how it ended, and that it is gone")
{
    co_await keep(s, 100);
    const auto job = co_await s.add_active("a", {.on_completed = retention::remove_at_once()});
    (void)co_await s.settle(s.completion(job));
    const auto log = co_await log_after(s, 2);
    CHECK(log == lines{"3 moved a: active -> completed at 0", "4 removed a: completed -> completed"});
}

CONTRACT_CASE("delays are told: where they begin, change and end")
{
    co_await keep(s, 100);
    co_await s.add("a", {.delay = 10ms});
    (void)co_await s.change(job_id{"a"}, new_delay{.wait = 20ms});
    (void)co_await s.change(job_id{"a"}, new_priority{.priority = 3});
    (void)co_await s.promote(job_id{"a"});
    (void)co_await s.change(job_id{"a"}, new_delay{.wait = 1ms});
    s.pass(1ms);
    (void)co_await s.sweep();
    const auto log = co_await log_after(s, 0);
    CHECK(
        log ==
        lines{
            "1 added a: delayed at 0 (task)",
            "2 moved a: delayed -> delayed",
            "3 moved a: delayed -> waiting",
            "4 moved a: waiting -> delayed",
            "5 moved a: delayed -> waiting"
        }
    );
}

CONTRACT_CASE("a rescue, a release and a removal by hand are told")
{
    co_await keep(s, 100);
    auto job = co_await s.add_active("a");
    (void)co_await s.rescue(job);
    job = co_await s.claim_one();
    (void)co_await s.settle(s.release(job));
    (void)co_await s.remove(job_id{"a"});
    const auto log = co_await log_after(s, 2);
    CHECK(
        log ==
        lines{
            "3 moved a: active -> waiting",
            "4 moved a: waiting -> active at 0",
            "5 moved a: active -> waiting",
            "6 removed a: waiting -> waiting"
        }
    );
}

CONTRACT_CASE("what changes nothing is not told: a duplicate, a lost lock, the same progress, logs, data, limits")
{
    co_await keep(s, 100);
    const auto job = co_await s.add_active("a");
    (void)co_await s->update_progress(claim_of(job), "1");
    co_await s.add("a");
    (void)co_await s->update_progress(claim_of(job), "1");
    (void)co_await s->update_data(claim_of(job), "2");
    (void)co_await s->add_log(claim_of(job), {.at = s.now(), .text = "line"}, 10);
    (void)co_await s->set_paused(s.queue(), true);
    auto stranger = s.completion(job);
    stranger.job.token = "another";
    (void)co_await s.settle(stranger);
    const auto found = co_await state(s);
    CHECK(found.last == 3);
}

CONTRACT_CASE("what a retention removes is told")
{
    co_await keep(s, 100);
    const auto job = co_await s.add_active("a", {.on_completed = retention::keep_for(1s)});
    (void)co_await s.settle(s.completion(job));
    s.pass(1s);
    (void)co_await s.sweep();
    const auto log = co_await log_after(s, 3);
    CHECK(log == lines{"4 removed a: completed -> completed"});
}

CONTRACT_CASE(
    "each step of a deduplication is told: the owner, the job that is kept for its end, and the one it replaces"
)
{
    co_await keep(s, 100);
    const deduplication last{.id = "d", .how = deduplication::mode::keep_last};
    const auto owner = co_await s.add_active("a", {.dedup = last});
    co_await s.add("b", {.dedup = last});
    co_await s.add("c", {.dedup = last});
    (void)co_await s.settle(s.completion(owner));
    const auto log = co_await log_after(s, 2);
    CHECK(
        log ==
        lines{
            "3 added b: delayed at 0 (task)",
            "4 removed b: delayed -> delayed",
            "5 added c: delayed at 0 (task)",
            "6 moved a: active -> completed at 0",
            "7 moved c: delayed -> waiting"
        }
    );
}

CONTRACT_CASE("a job that is removed on one page with the owner that it was kept for was freed before")
{
    co_await keep(s, 100);
    const deduplication last{.id = "d", .how = deduplication::mode::keep_last};
    const auto job = co_await s.add_active("a", {.attempts = 2, .backoff = backoff::fixed(1s), .dedup = last});
    (void)co_await s.add("kept", {.dedup = last});
    (void)co_await s.settle(s.failing(job));
    const auto removed = co_await s.change_all({.state = job_state::delayed}, removal{});
    CHECK(removed.size() == 2);
    const auto log = co_await log_after(s, 4);
    CHECK(
        log ==
        lines{
            "5 removed a: delayed -> delayed", "6 moved kept: delayed -> waiting", "7 removed kept: waiting -> waiting"
        }
    );
}

TEST_SUITE_END();
