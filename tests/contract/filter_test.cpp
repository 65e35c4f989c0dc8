#include <boost/asio/awaitable.hpp>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "contract/contract.hpp"

namespace asio = boost::asio;
using namespace cofila;
using namespace cofila::test;
using namespace std::chrono_literals;

using names = std::vector<std::string>;

TEST_SUITE_BEGIN("filter");

namespace {

job_draft named(const subject& s, std::string id, std::string name, job_options options = {})
{
    auto job = std::make_shared<job_record>(*s.make(std::move(id), std::move(options)));
    job->name = std::move(name);
    return job;
}

asio::awaitable<void> add_named(subject s, std::string id, std::string name, job_options options = {})
{
    std::vector<job_draft> jobs{named(s, std::move(id), std::move(name), std::move(options))};
    (void)co_await s->add(std::move(jobs));
}

/// "0" ... all of the name "other", but for the last, which is "wanted".
asio::awaitable<void> add_haystack(subject s, int count)
{
    std::vector<job_draft> jobs;
    for (int i = 0; i < count; ++i)
        jobs.push_back(named(s, std::to_string(1'000'000 + i), i + 1 < count ? "other" : "wanted"));
    (void)co_await s->add(std::move(jobs));
}

const std::optional<job_state> listings[] = {{}, job_state::waiting};

}  // namespace

CONTRACT_CASE("a listing by name shows the jobs of this name, in its order")
{
    co_await add_named(s, "c", "mail");
    co_await add_named(s, "b", "Mail");
    co_await add_named(s, "a", "mail");
    co_await add_named(s, "d", "mails");
    const auto by_turn = co_await s.find({.state = job_state::waiting, .name = "mail"});
    CHECK(by_turn == names{"c", "a"});
    const auto by_id = co_await s.find({.name = "mail"});
    CHECK(by_id == names{"a", "c"});
    const auto none = co_await s.find({.name = "mai"});
    CHECK(none == names{});
    const auto no_name = co_await s.find({.name = ""});
    CHECK(no_name == names{});
}

CONTRACT_CASE("a listing by tag shows the jobs that have this value under this key")
{
    co_await s.add("a", {.tags = {{"tenant", "1"}, {"region", "2"}}});
    co_await s.add("b", {.tags = {{"tenant", "2"}}});
    co_await s.add("c", {.tags = {{"region", "1"}}});
    co_await s.add("d");
    co_await s.add("e", {.tags = {{"tenant", "1"}}});
    for (const auto state : listings) {
        const auto first = co_await s.find({.state = state, .tag = tag{.key = "tenant", .value = "1"}});
        CHECK(first == names{"a", "e"});
        const auto second = co_await s.find({.state = state, .tag = tag{.key = "region", .value = "2"}});
        CHECK(second == names{"a"});
        const auto no_value = co_await s.find({.state = state, .tag = tag{.key = "tenant", .value = "3"}});
        CHECK(no_value == names{});
        const auto no_key = co_await s.find({.state = state, .tag = tag{.key = "1", .value = "tenant"}});
        CHECK(no_key == names{});
    }
}

CONTRACT_CASE("a time means when a job finished, or where it has not, when it was added")
{
    const auto start = s.now();
    for (const auto* id : {"a", "b", "c"}) {
        const auto job = co_await s.add_active(id);
        s.pass(10s);
        co_await s.settle(s.completion(job));
    }
    co_await s.add("d");  // 30 s after the start
    const auto since = co_await s.find({.since = start + 20s});
    CHECK(since == names{"b", "c", "d"});
    const auto before = co_await s.find({.before = start + 20s});
    CHECK(before == names{"a"});
    const auto between = co_await s.find({.since = start + 20s, .before = start + 30s});
    CHECK(between == names{"b"});
    const auto finished = co_await s.find({.state = job_state::completed, .since = start + 20s});
    CHECK(finished == names{"b", "c"});
    const auto waiting = co_await s.find({.state = job_state::waiting, .since = start + 30s});
    CHECK(waiting == names{"d"});
    const auto too_late = co_await s.find({.state = job_state::waiting, .since = start + 30s + 1ms});
    CHECK(too_late == names{});
}

CONTRACT_CASE("a job that failed and waits again counts by its add")
{
    const auto start = s.now();
    const auto job = co_await s.add_active("a", {.attempts = 2});
    s.pass(10s);
    co_await s.settle(s.failing(job));
    const auto found = co_await s.find({.before = start + 1s});
    CHECK(found == names{"a"});
}

CONTRACT_CASE("all that is set must be true")
{
    const auto start = s.now();
    const job_options tagged{.tags = {{"k", "v"}}};
    co_await add_named(s, "name", "mail");
    co_await add_named(s, "tag", "other", tagged);
    co_await add_named(s, "early", "mail", tagged);
    s.pass(1s);
    co_await add_named(s, "all", "mail", tagged);
    auto later = tagged;
    later.delay = 1h;
    co_await add_named(s, "delayed", "mail", later);
    const job_filter filter{
        .state = job_state::waiting,
        .name = "mail",
        .tag = tag{.key = "k", .value = "v"},
        .since = start + 1s,
        .before = start + 2s
    };
    const auto found = co_await s.find(filter);
    CHECK(found == names{"all"});
}

CONTRACT_CASE("a listing with few matches goes on to the end, whatever the size of a page")
{
    for (int i = 0; i < 100; ++i)
        co_await add_named(s, std::to_string(100 + i), i % 30 == 10 ? "wanted" : "other");
    for (const auto state : listings)
        for (const int page_size : {1, 2, 4, 5, 1000}) {
            const auto found = co_await s.find({.state = state, .name = "wanted"}, page_size);
            CHECK(found == names{"110", "140", "170"});
        }
}

CONTRACT_CASE("the first match on a page does not keep the next from being found, also where it is gone meanwhile")
{
    for (int i = 0; i < 10; ++i)
        co_await add_named(s, std::to_string(i), i % 3 == 0 ? "wanted" : "other");
    for (const auto state : listings) {
        const job_filter filter{.state = state, .name = "wanted"};
        const auto first = co_await s->list(s.queue(), filter, {.limit = 2});
        CHECK(ids(first.items) == names{"0", "3"});
        const auto second = co_await s->list(s.queue(), filter, {.after = first.next, .limit = 2});
        CHECK(ids(second.items) == names{"6", "9"});
        CHECK(second.next == "");
    }
}

CONTRACT_CASE("5,000 jobs are examined for one page")
{
    co_await add_haystack(s, 5000);
    for (const auto state : listings) {
        const auto page = co_await s->list(s.queue(), {.state = state, .name = "wanted"}, {.limit = 10});
        CHECK(ids(page.items) == names{"1004999"});
        CHECK(page.next == "");
    }
}

CONTRACT_CASE("more than 5,000 are not: a page may be empty, and there is a next one all the same")
{
    co_await add_haystack(s, 5001);
    for (const auto state : listings) {
        const job_filter filter{.state = state, .name = "wanted"};
        const auto first = co_await s->list(s.queue(), filter, {.limit = 10});
        CHECK(first.items.empty());
        REQUIRE(first.next != "");
        const auto second = co_await s->list(s.queue(), filter, {.after = first.next, .limit = 10});
        CHECK(ids(second.items) == names{"1005000"});
        CHECK(second.next == "");
        const auto removed = co_await s->change_all(
            s.queue(), {.state = job_state::waiting, .name = "nobody's"}, {}, removal{}, s.now()
        );
        CHECK(removed.changed == 0);
        CHECK(removed.next != "");
    }
}

CONTRACT_CASE("a listing of finished jobs before a time ends where they are too young")
{
    const auto start = s.now();
    for (int i = 0; i < 6; ++i) {
        const auto job = co_await s.add_active(std::to_string(i));
        s.pass(1s);
        co_await s.settle(s.failing(job));
    }
    const job_filter filter{.state = job_state::failed, .before = start + 3s};
    const auto page = co_await s->list(s.queue(), filter, {.limit = 3});
    CHECK(ids(page.items) == names{"0", "1"});
    CHECK(page.next == "");
}

CONTRACT_CASE("a filtered listing of an unknown queue is empty")
{
    const auto found = co_await s.in("unknown").find({.name = "x", .tag = tag{.key = "k", .value = "v"}});
    CHECK(found == names{});
}

TEST_SUITE_END();
