#include <boost/asio/awaitable.hpp>

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "contract/contract.hpp"

namespace asio = boost::asio;
using namespace cofila;
using namespace cofila::test;
using namespace std::chrono_literals;

TEST_SUITE_BEGIN("data");

namespace {

/// A JSON text of this many bytes. SQLite keeps up to 500 in the job's row, longer ones apart.
std::string json_of(std::size_t bytes, char filled_with = 'x')
{
    return '"' + std::string(bytes - 2, filled_with) + '"';
}

asio::awaitable<bool> update(subject s, job_ref job, std::string data)
{
    job.queue = s.queue();
    co_return (co_await s->update_data(std::move(job), std::move(data))).stored;
}

}  // namespace

CONTRACT_CASE("new data takes the place of the old, however long the one and the other are")
{
    for (const std::size_t before : {2u, 500u, 501u, 3000u})
        for (const std::size_t after : {2u, 500u, 501u, 5000u}) {
            const auto id = std::to_string(before) + " to " + std::to_string(after);
            INFO(id);
            const auto job = co_await s.add_active(id, {}, json_of(before));
            const auto stored = co_await update(s, claim_of(job), json_of(after, 'y'));
            CHECK(stored);
            auto expected = *job;
            expected.data = json_of(after, 'y');
            const auto read = co_await s.get(id);
            CHECK(describe(read) == describe(expected));
        }
}

CONTRACT_CASE("data may grow and shrink any number of times")
{
    const auto job = co_await s.add_active("a");
    for (const std::size_t bytes : {600u, 10u, 700u, 800u, 20u, 30u, 501u}) {
        co_await update(s, claim_by_id(job), json_of(bytes));
        const auto read = co_await s.get("a");
        CHECK(read.data == json_of(bytes));
    }
}

CONTRACT_CASE("the next attempt, a listing and a duplicate show the new data")
{
    const auto job = co_await s.add_active("a", {.attempts = 2}, json_of(1000));
    co_await update(s, claim_of(job), json_of(2000));
    co_await s.settle(s.failing(job));
    const auto page = co_await s->list(s.queue(), {.state = job_state::waiting}, {});
    REQUIRE(page.items.size() == 1);
    CHECK(page.items[0]->data == json_of(2000));
    const auto duplicate = co_await s.add("a");
    CHECK(duplicate.duplicate);
    CHECK(duplicate.job->data == json_of(2000));
    const auto again = co_await s.claim_one();
    CHECK(again->data == json_of(2000));
}

CONTRACT_CASE("data and result are kept apart from each other")
{
    for (const std::size_t result : {10u, 1000u})
        for (const std::size_t data : {10u, 1000u}) {
            const auto id = std::to_string(result) + " and " + std::to_string(data);
            INFO(id);
            const auto job = co_await s.add_active(id, {}, json_of(700));
            co_await s.settle(s.completion(job, json_of(result, 'r')));
            const auto stored = co_await update(s, {.id = id}, json_of(data, 'd'));
            CHECK(stored);
            auto read = co_await s.get(id);
            CHECK(read.result == json_of(result, 'r'));
            CHECK(read.data == json_of(data, 'd'));
            co_await s.retry(id, {});
            read = co_await s.get(id);
            CHECK(read.result == "");
            CHECK(read.data == json_of(data, 'd'));
            co_await s.remove(id);
        }
}

CONTRACT_CASE("a result that is stored after new data leaves it alone")
{
    const auto job = co_await s.add_active("a");
    co_await update(s, claim_of(job), json_of(600));
    co_await s.settle(s.completion(job, json_of(900, 'r')));
    const auto read = co_await s.get("a");
    CHECK(read.data == json_of(600));
    CHECK(read.result == json_of(900, 'r'));
}

CONTRACT_CASE("a job that nobody has locked takes new data without a token, in any state")
{
    co_await s.add_one_in_each_state();
    for (const auto* id : {"waiting", "delayed", "completed", "failed"}) {
        INFO(id);
        auto expected = co_await s.get(id);
        const auto stored = co_await update(s, {.id = id}, json_of(900));
        CHECK(stored);
        expected.data = json_of(900);
        const auto read = co_await s.get(id);
        CHECK(describe(read) == describe(expected));
    }
}

CONTRACT_CASE("data is fenced: without the lock's token, or with an old one, nothing is changed")
{
    const auto old = co_await s.add_active("a", {}, json_of(600));
    co_await s.rescue(old);
    const auto job = co_await s.claim_one();
    const job_ref no_token{.id = "a", .key = job->key};
    job_ref other = claim_of(job);
    other.token = std::string(32, '0');
    const job_ref refs[] = {claim_of(old), claim_by_id(old), no_token, {.id = "a"}, other};
    for (const auto& ref : refs)
        for (const std::size_t bytes : {10u, 1000u}) {
            const auto stored = co_await update(s, ref, json_of(bytes));
            CHECK_FALSE(stored);
        }
    const auto elsewhere = co_await update(s.in("other"), claim_of(job), json_of(10));
    CHECK_FALSE(elsewhere);
    const auto read = co_await s.get("a");
    CHECK(describe(read) == describe(*job));
    co_await s.settle(s.completion(job));
    const auto ended = co_await update(s, claim_of(job), json_of(10));
    CHECK_FALSE(ended);
}

CONTRACT_CASE("a job that is not there takes no data, and none is left behind for the next one")
{
    const auto job = co_await s.add_active("a");
    co_await s.settle(s.completion(job));
    co_await s.remove("a");
    const job_ref gone{.id = "a", .key = job->key};
    for (const auto& ref : {gone, job_ref{.queue = s.queue(), .id = "a"}, job_ref{.queue = s.queue(), .id = "never"}}) {
        const auto stored = co_await update(s, ref, json_of(1000));
        CHECK_FALSE(stored);
    }
    const auto unknown = co_await update(s.in("unknown"), {.id = "a"}, json_of(1000));
    CHECK_FALSE(unknown);
    co_await s.add("a", {}, json_of(20));
    const auto read = co_await s.get("a");
    CHECK(read.data == json_of(20));
}

TEST_SUITE_END();
