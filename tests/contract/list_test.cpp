#include <string>

#include "contract/contract.hpp"

using namespace cofila;
using namespace cofila::test;
using namespace std::chrono_literals;

using names = std::vector<std::string>;

TEST_SUITE_BEGIN("list and counts");

CONTRACT_CASE("counts tell the jobs of each state in one queue")
{
    const auto counts = co_await s.counts();
    CHECK(counts == job_counts{});
    for (int i = 0; i < 2; ++i) {
        const auto job = co_await s.add_active("completed " + std::to_string(i));
        co_await s.settle(s.completion(job));
    }
    const auto failed = co_await s.add_active("failed");
    co_await s.settle(s.failing(failed));
    for (int i = 0; i < 3; ++i)
        co_await s.add_active("active " + std::to_string(i));
    for (int i = 0; i < 4; ++i)
        co_await s.add("waiting " + std::to_string(i));
    for (int i = 0; i < 5; ++i)
        co_await s.add("delayed " + std::to_string(i), {.delay = 1s});
    co_await s.in("other").add("a");
    const auto counts_after = co_await s.counts();
    CHECK(counts_after == job_counts{.waiting = 4, .delayed = 5, .active = 3, .completed = 2, .failed = 1});
}

CONTRACT_CASE("waiting jobs are listed in the order in which they will run")
{
    co_await s.add("a");
    co_await s.add("less", {.priority = 3});
    co_await s.add("b");
    co_await s.add("front", {.lifo = true});
    co_await s.add("was delayed", {.delay = 1ms});
    co_await s.add("c");
    s.pass(1ms);
    co_await s.sweep();
    const names expected{"front", "a", "b", "was delayed", "c", "less"};
    const auto order = co_await s.list(job_state::waiting);
    CHECK(order == expected);
    const auto claimed = co_await s.claim(10);
    CHECK(ids(claimed) == expected);
}

CONTRACT_CASE("delayed jobs are listed by the time they are due, then by position")
{
    co_await s.add("b", {.priority = 1, .delay = 2s});
    co_await s.add("c", {.delay = 3s});
    co_await s.add("a", {.delay = 1s});
    co_await s.add("b2", {.delay = 2s});
    co_await s.add("b0", {.lifo = true, .delay = 2s});
    const auto order = co_await s.list(job_state::delayed);
    CHECK(order == names{"a", "b0", "b", "b2", "c"});
}

CONTRACT_CASE("finished jobs are listed by the time they finished, then by age")
{
    co_await s.add_each({"a", "b", "c", "d"});
    const auto jobs = co_await s.claim(4);
    REQUIRE(jobs.size() == 4);
    co_await s.settle(s.completion(jobs[2]));
    s.pass(1ms);
    co_await s.settle_and_claim({s.completion(jobs[1]), s.completion(jobs[0])}, 0);
    s.pass(-1h);
    co_await s.settle(s.completion(jobs[3]));
    const auto order = co_await s.list(job_state::completed);
    CHECK(order == names{"d", "c", "a", "b"});
    const auto order_after = co_await s.list(job_state::failed);
    CHECK(order_after == names{});
}

CONTRACT_CASE("active jobs are listed by age")
{
    co_await s.add("1", {.priority = 2});
    co_await s.add("2", {.priority = 1});
    co_await s.add("3", {.priority = 3});
    co_await s.claim(3);
    const auto order = co_await s.list(job_state::active);
    CHECK(order == names{"1", "2", "3"});
}

CONTRACT_CASE("all jobs are listed by id, byte by byte")
{
    const auto job = co_await s.add_active("b");
    co_await s.settle(s.failing(job));
    co_await s.add("a", {.delay = 1s});
    co_await s.add_each({"\xC3\xA9", "B", "a ", "aa", "10", "9", "\xF0\x9F\x98\x80", "\xEF\xBF\xBD", "z"});
    const names expected{"10", "9", "B", "a", "a ", "aa", "b", "z", "\xC3\xA9", "\xEF\xBF\xBD", "\xF0\x9F\x98\x80"};
    const auto order = co_await s.list({});
    CHECK(order == expected);
    const auto order_after = co_await s.list({}, 2);
    CHECK(order_after == expected);
}

CONTRACT_CASE("several states come one after the other, and completed and failed jobs together by their end")
{
    co_await s.add_each({"1", "2", "3", "4"});
    const auto jobs = co_await s.claim(4);
    for (const auto& end : {s.completion(jobs[2]), s.failing(jobs[0]), s.completion(jobs[1])}) {
        auto at = end;
        s.pass(1ms);
        at.change.finished_at = s.now();
        co_await s.settle(at);
    }
    co_await s.add("waits");
    co_await s.add("delayed", {.delay = 1h});
    const job_states finished{job_state::failed, job_state::completed};
    auto order = co_await s.list(finished);
    CHECK(order == names{"3", "1", "2"});
    order = co_await s.list(finished, 1, true);
    CHECK(order == names{"2", "1", "3"});
    const job_states all{
        job_state::failed, job_state::completed, job_state::delayed, job_state::active, job_state::waiting
    };
    order = co_await s.list(all);
    CHECK(order == names{"waits", "delayed", "4", "3", "1", "2"});
    order = co_await s.list({job_state::completed, job_state::delayed});
    CHECK(order == names{"delayed", "3", "2"});
}

CONTRACT_CASE("log lines come newest first where that is asked for, by page")
{
    const auto job = co_await s.add_active("a");
    for (const auto* line : {"1", "2", "3", "4", "5"})
        co_await s->add_log(claim_of(job), log_line{.at = s.now(), .text = line}, 10);
    names read;
    page_request request{.limit = 2, .newest_first = true};
    do {
        const auto page = co_await s->logs(s.queue(), "a", request);
        for (const auto& line : page.items)
            read.push_back(line.text);
        request.after = page.next;
    } while (!request.after.empty());
    CHECK(read == names{"5", "4", "3", "2", "1"});
}

CONTRACT_CASE("newest first ends where finished jobs are too old for a time")
{
    const auto start = s.now();
    for (int i = 0; i < 6; ++i) {
        const auto job = co_await s.add_active(std::to_string(i));
        s.pass(1s);
        co_await s.settle(s.failing(job));
    }
    const job_filter filter{.state = job_state::failed, .since = start + 5s};
    const auto page = co_await s->list(s.queue(), filter, {.limit = 3, .newest_first = true});
    CHECK(ids(page.items) == names{"5", "4"});
    CHECK(page.next == "");
    const auto found = co_await s.find({.state = job_state::failed, .before = start + 3s}, 1, true);
    CHECK(found == names{"1", "0"});
    const job_states waiting_too{job_state::failed, job_state::waiting};
    co_await s.add("w");
    const auto on = co_await s.find({.state = waiting_too, .since = start + 6s}, 2, true);
    CHECK(on == names{"5", "w"});
}

CONTRACT_CASE("a listing shows the jobs whole, but for their attempts")
{
    const auto job = co_await s.add_active("a", {.attempts = 2}, R"({"x":1})");
    co_await s->update_progress(claim_of(job), "3");
    co_await s.settle(s.failing(job));
    for (const auto state : {std::optional<job_state>{}, std::optional{job_state::waiting}}) {
        const auto page = co_await s->list(s.queue(), {.state = state}, {});
        REQUIRE(page.items.size() == 1);
        auto expected = co_await s.get("a");
        expected.attempts.clear();
        CHECK(describe(*page.items[0]) == describe(expected));
    }
}

CONTRACT_CASE("an unknown queue is an empty one")
{
    auto unknown = s.in("unknown");
    const auto counts = co_await unknown.counts();
    CHECK(counts == job_counts{});
    const auto order = co_await unknown.list({});
    CHECK(order == names{});
    const auto order_after = co_await unknown.list(job_state::waiting);
    CHECK(order_after == names{});
    const auto paused = co_await s->is_paused("unknown");
    CHECK_FALSE(paused);
}

CONTRACT_CASE("nothing enters waiting_children yet")
{
    co_await s.add("a");
    const auto order = co_await s.list(job_state::waiting_children);
    CHECK(order == names{});
}

TEST_SUITE_END();
