#include <boost/asio/awaitable.hpp>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "contract/contract.hpp"
#include "domain/generated_id.hpp"

namespace asio = boost::asio;
using namespace cofila;
using namespace cofila::test;
using namespace std::chrono_literals;

using names = std::vector<std::string>;

TEST_SUITE_BEGIN("generated ids");

namespace {

std::string id_of(const job_snapshot& job, std::uint64_t random)
{
    return domain::generated_id{.key = job->key, .random = domain::make_random_part(0, random)}.text();
}

asio::awaitable<job_snapshot> add_without_id(subject s, std::uint64_t random, job_options options = {})
{
    std::vector<job_draft> jobs{s.make_without_id(random, options)};
    const auto answer = co_await s->add(std::move(jobs));
    REQUIRE(answer.rows.size() == 1);
    CHECK_FALSE(answer.rows[0].duplicate);
    co_return answer.rows[0].job;
}

}  // namespace

CONTRACT_CASE("the store makes the id of a job that comes without one of its key and the random part")
{
    std::vector<job_draft> jobs{s.make_without_id(5, {}, "1")};
    const auto answer = co_await s->add(std::move(jobs));
    REQUIRE(answer.rows.size() == 1);
    const auto& job = answer.rows[0].job;
    CHECK_FALSE(answer.rows[0].duplicate);
    CHECK(job->id == id_of(job, 5));
    CHECK(ids(of(answer.news, cause::added)) == names{job->id.str()});
    const auto read = co_await s.get(job->id.str());
    CHECK(describe(read) == describe(*job));
}

CONTRACT_CASE("a job is found by its generated id for whatever is done with it")
{
    const auto id = (co_await add_without_id(s, 5, {.delay = 1s, .attempts = 2}))->id;
    const auto promoted = co_await s.promote(id);
    CHECK(promoted.done());
    const auto position = co_await s->position(s.queue(), id);
    CHECK(position == 0);
    const auto job = co_await s.claim_one();
    CHECK(job->id == id);
    const auto progress = co_await s->update_progress(claim_by_id(job), "50");
    CHECK(progress.stored);
    const auto logged = co_await s->add_log(claim_by_id(job), log_line{.at = s.now(), .text = "line"}, 10);
    CHECK(logged.stored);
    const auto lines = co_await s.logs(id.str());
    CHECK(lines == names{"line"});
    const auto ended = co_await s.settle({.job = claim_by_id(job), .change = s.failing(job).change});
    CHECK(ended == settled::accepted);
    const auto removed = co_await s.remove(id);
    CHECK(removed.done());
    const bool there = co_await s.exists(id.str());
    CHECK_FALSE(there);
}

CONTRACT_CASE("jobs with the same random part are different jobs")
{
    const auto first = co_await add_without_id(s, 5);
    const auto second = co_await add_without_id(s, 5);
    CHECK(first->id != second->id);
    const auto counts = co_await s.counts();
    CHECK(counts == job_counts{.waiting = 2});
}

CONTRACT_CASE("an id of which only the key or the random part is a job's names no job")
{
    const auto job = co_await add_without_id(s, 5);
    const auto next = co_await add_without_id(s, 6);
    for (const auto& id : {id_of(job, 6), id_of(next, 5), id_of(next, 7)}) {
        const bool there = co_await s.exists(id);
        CHECK_FALSE(there);
    }
    const bool elsewhere = co_await s.in("other").exists(job->id.str());
    CHECK_FALSE(elsewhere);
}

CONTRACT_CASE("an id that the store has made is taken, and is free again when its job was removed")
{
    const auto job = co_await add_without_id(s, 5);
    const auto again = co_await s.add(job->id.str(), {}, "2");
    CHECK(again.duplicate);
    CHECK(again.job->key == job->key);
    (void)co_await s.remove(job->id);
    const auto anew = co_await s.add(job->id.str(), {}, "2");
    CHECK_FALSE(anew.duplicate);
    const auto read = co_await s.get(job->id.str());
    CHECK(read.data == "2");
}

CONTRACT_CASE("one add may hold jobs with and without an id, and answers in order")
{
    (void)co_await s.add("b");
    std::vector<job_draft> jobs;
    for (std::uint64_t i = 0; i < 40; ++i)
        jobs.push_back(i % 7 == 3 ? s.make(i % 2 == 0 ? "a" : "b") : s.make_without_id(i));
    const auto answer = co_await s->add(jobs);
    REQUIRE(answer.rows.size() == jobs.size());
    names expected{"b"};
    for (std::uint64_t i = 0; i < 40; ++i) {
        const auto& row = answer.rows[i];
        INFO(i);
        CHECK(row.duplicate == (i % 7 == 3 && i != 10));
        CHECK(row.job->id == (i % 7 == 3 ? jobs[i]->id : job_id{id_of(row.job, i)}));
        if (!row.duplicate)
            expected.push_back(row.job->id.str());
    }
    CHECK(ids(answer.news).size() == jobs.size());
    const auto waiting = co_await s.list(job_state::waiting);
    CHECK(waiting == expected);
}

CONTRACT_CASE("an add of many without ids makes ids that sort in their order, among the given ones")
{
    std::vector<job_draft> jobs;
    for (std::uint64_t i = 0; i < 100; ++i)
        jobs.push_back(s.make_without_id(1000 - i));
    const auto answer = co_await s->add(jobs);
    names expected;
    for (const auto& row : answer.rows)
        expected.push_back(row.job->id.str());
    CHECK(std::ranges::is_sorted(expected));
    co_await s.add_each({"!", "a"});
    expected.insert(expected.begin(), "!");
    expected.push_back("a");
    const auto forwards = co_await s.list({}, 7);
    CHECK(forwards == expected);
    std::ranges::reverse(expected);
    const auto backwards = co_await s.list({}, 7, true);
    CHECK(backwards == expected);
}

CONTRACT_CASE("a job without an id is added and claimed in one call")
{
    const auto answer = co_await s->add_and_claim(s.make_without_id(5), s.now(), s.order(1));
    REQUIRE(answer.rows.size() == 1);
    const auto id = id_of(answer.rows[0].job, 5);
    CHECK(answer.rows[0].job->id == id);
    CHECK(ids(answer.claimed) == names{id});
}

CONTRACT_CASE("of jobs without an id a deduplication id stores one, replaces it, or keeps another for its end")
{
    const auto with = [](deduplication::mode how) {
        return job_options{.dedup = deduplication{.id = "d", .how = how}};
    };
    const auto first = co_await add_without_id(s, 1, with(deduplication::mode::until_finished));
    const std::vector<job_draft> second{s.make_without_id(2, with(deduplication::mode::until_finished))};
    const auto dropped = co_await s->add(second);
    CHECK(dropped.rows[0].deduplicated_by == first->id);
    CHECK(dropped.rows[0].job->id == first->id);
    (void)co_await s.claim_one();
    const std::vector<job_draft> third{s.make_without_id(3, with(deduplication::mode::keep_last))};
    const auto kept = co_await s->add(third);
    CHECK(kept.rows[0].deduplicated_by == first->id);
    const auto& told = of(kept.news, cause::deduplicated);
    REQUIRE(told.size() == 1);
    REQUIRE(told[0].kept);
    CHECK(*told[0].kept == kept.rows[0].job->id);
    CHECK(kept.rows[0].job->id == id_of(kept.rows[0].job, 3));
    const auto all = co_await s.list({});
    CHECK(all == names{first->id.str(), told[0].kept->str()});
}

TEST_SUITE_END();
