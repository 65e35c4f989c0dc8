#include <boost/asio/awaitable.hpp>

#include <string>
#include <vector>

#include "contract/contract.hpp"

namespace asio = boost::asio;
using namespace cofila;
using namespace cofila::test;
using namespace std::chrono_literals;

using names = std::vector<std::string>;

TEST_SUITE_BEGIN("remove");

CONTRACT_CASE("any job but an active one can be removed")
{
    const auto completed = co_await s.add_active("completed");
    co_await s.settle(s.completion(completed));
    const auto failed = co_await s.add_active("failed");
    co_await s.settle(s.failing(failed));
    co_await s.add("waiting");
    co_await s.add("delayed", {.delay = 1s});
    co_await s.add("kept");
    for (const std::string id : {"completed", "failed", "waiting", "delayed"}) {
        const auto answer = co_await s.remove(id);
        CHECK(answer.found());
        CHECK(answer.done());
        CHECK(to_string(*answer.was) == id);
        CHECK(answer.job == nullptr);
        const auto exists = co_await s.exists(id);
        CHECK_FALSE(exists);
        const auto again = co_await s.remove(id);
        CHECK_FALSE(again.found());
        CHECK_FALSE(again.done());
    }
    const auto counts = co_await s.counts();
    CHECK(counts == job_counts{.waiting = 1});
    const auto order = co_await s.list({});
    CHECK(order == names{"kept"});
}

CONTRACT_CASE("an active job is not removed")
{
    const auto job = co_await s.add_active("a");
    const auto answer = co_await s.remove("a");
    CHECK(answer.found());
    CHECK_FALSE(answer.done());
    CHECK(answer.was == job_state::active);
    REQUIRE(answer.job != nullptr);
    CHECK(describe(*answer.job) == describe(*job));
    const auto read = co_await s.get("a");
    CHECK(describe(read) == describe(*job));
    const auto repeated = co_await s.settle(s.completion(job));
    CHECK(repeated == settled::accepted);
}

CONTRACT_CASE("a job of another queue is not removed")
{
    auto other = s.in("other");
    co_await other.add("a");
    const auto answer = co_await s.remove("a");
    CHECK_FALSE(answer.found());
    const auto exists = co_await other.exists("a");
    CHECK(exists);
}

CONTRACT_CASE("a removed job is neither claimed nor promoted")
{
    co_await s.add_each({"a", "b"});
    co_await s.add("c", {.delay = 1s});
    co_await s.remove("a");
    co_await s.remove("c");
    s.pass(1s);
    const auto answer = co_await s.settle_and_claim({}, 3);
    CHECK(ids(answer.claimed) == names{"b"});
    CHECK(waiting_ids(answer.news).empty());
    CHECK(answer.next_due == std::nullopt);
}

CONTRACT_CASE("the logs of a removed job go with it")
{
    co_await s.add("a");
    const job_ref bare{.queue = s.queue(), .id = "a"};
    co_await s->add_log(bare, log_line{.at = s.now(), .text = "x"}, 10);
    co_await s.remove("a");
    const auto lines = co_await s.logs("a");
    CHECK(lines == names{});
    const auto logged = (co_await s->add_log(bare, log_line{.at = s.now(), .text = "y"}, 10)).stored;
    CHECK_FALSE(logged);
    const auto stored = (co_await s->update_progress(bare, "1")).stored;
    CHECK_FALSE(stored);
}

CONTRACT_CASE("what is written to a removed job reaches no other, also not the next one added")
{
    const auto first = co_await s.add("a");
    co_await s.remove("a");
    co_await s.add("b");
    const job_ref gone{.queue = s.queue(), .id = "a", .key = first.job->key, .token = ""};
    const auto stored = (co_await s->update_progress(gone, "1")).stored;
    CHECK_FALSE(stored);
    const auto logged = (co_await s->add_log(gone, log_line{.at = s.now(), .text = "x"}, 10)).stored;
    CHECK_FALSE(logged);
    const auto read = co_await s.get("b");
    CHECK(read.progress == "");
}

TEST_SUITE_END();
