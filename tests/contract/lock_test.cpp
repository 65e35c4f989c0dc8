#include <boost/asio/awaitable.hpp>

#include <algorithm>
#include <string>
#include <vector>

#include "contract/contract.hpp"

namespace asio = boost::asio;
using namespace cofila;
using namespace cofila::test;
using namespace std::chrono_literals;

TEST_SUITE_BEGIN("locks and workers");

namespace {

worker_row registration(std::string id, std::int64_t pid)
{
    const process_identity process{
        .boot_id = "8f0e3c5e-boot",
        .pid_namespace = 18'446'744'073'709'551'615u,
        .pid = pid,
        .start_time = 12'345'678'901'234u
    };
    return {.id = std::move(id), .process = process, .started_at = manual_clock::start};
}

asio::awaitable<std::vector<lock_row>> sorted_locks(subject s)
{
    auto rows = co_await s->locks();
    std::ranges::sort(rows, {}, &lock_row::key);
    co_return rows;
}

}  // namespace

CONTRACT_CASE("the locks are those of all active jobs of all queues")
{
    auto other = s.in("other");
    const auto none = co_await s->locks();
    CHECK(none.empty());
    const auto done = co_await s.add_active("done");
    co_await s.settle(s.completion(done));
    const auto a = co_await s.add_active("a");
    s.pass(1s);
    const auto b = co_await other.add_active("b");
    co_await s.add("waiting");
    co_await s.add("delayed", {.delay = 1s});
    const auto rows = co_await sorted_locks(s);
    REQUIRE(rows.size() == 2);
    for (const auto& job : {a, b}) {
        const auto& row = rows[job->key == rows[0].key ? 0 : 1];
        CHECK(row.key == job->key);
        CHECK(row.token == job->token);
        CHECK(row.locked_until == job->locked_until);
        CHECK(row.lock_duration == lock_duration);
        CHECK_FALSE(row.process.has_value());
    }
}

CONTRACT_CASE("a renewed lock shows its new end and duration")
{
    const auto job = co_await s.add_active("a");
    s.pass(5s);
    std::vector<lock_extension> locks{{.job = claim_of(job), .duration = 77s}};
    co_await s.extend(std::move(locks));
    const auto rows = co_await sorted_locks(s);
    REQUIRE(rows.size() == 1);
    CHECK(rows[0].token == job->token);
    CHECK(rows[0].locked_until == s.now() + 77s);
    CHECK(rows[0].lock_duration == 77s);
}

CONTRACT_CASE("a lock shows the process of its worker where that is registered")
{
    const auto self = registration(worker_id, 4711);
    co_await s->register_worker(registration("another", 1));
    co_await s->register_worker(self);
    const auto job = co_await s.add_active("a");
    const auto rows = co_await sorted_locks(s);
    REQUIRE(rows.size() == 1);
    REQUIRE(rows[0].process.has_value());
    CHECK((*rows[0].process == self.process));
}

CONTRACT_CASE("a worker may be registered after its claim, again, and forgotten")
{
    co_await s.add_active("a");
    co_await s->register_worker(registration(worker_id, 1));
    co_await s->register_worker(registration(worker_id, 2));
    const auto registered = co_await sorted_locks(s);
    REQUIRE(registered.size() == 1);
    REQUIRE(registered[0].process.has_value());
    CHECK(registered[0].process->pid == 2);
    co_await s->forget_worker("another");
    co_await s->forget_worker(worker_id);
    co_await s->forget_worker(worker_id);
    const auto forgotten = co_await sorted_locks(s);
    REQUIRE(forgotten.size() == 1);
    CHECK_FALSE(forgotten[0].process.has_value());
}

CONTRACT_CASE("the workers that are registered are those not forgotten, with or without jobs")
{
    const auto first = registration("first", 1);
    co_await s->register_worker(first);
    co_await s->register_worker(registration("second", 2));
    auto rows = co_await s->workers();
    CHECK(rows.size() == 2);
    co_await s->forget_worker("second");
    rows = co_await s->workers();
    REQUIRE(rows.size() == 1);
    CHECK(rows[0].id == first.id);
    CHECK((rows[0].process == first.process));
    CHECK(rows[0].started_at == first.started_at);
}

CONTRACT_CASE("forgetting a worker leaves its jobs locked")
{
    const auto job = co_await s.add_active("a");
    co_await s->register_worker(registration(worker_id, 1));
    co_await s->forget_worker(worker_id);
    const auto answer = co_await s.settle(s.completion(job));
    CHECK(answer == settled::accepted);
}

CONTRACT_CASE("what a lock shows is enough to take it away")
{
    co_await s.add_active("a");
    co_await s.in("other").add_active("b");
    const auto rows = co_await sorted_locks(s);
    sweep_request request{.now = s.now()};
    for (const auto& row : rows)
        request.rescues.push_back({.key = row.key, .token = row.token, .locked_until = row.locked_until});
    const auto answer = co_await s->sweep(request);
    CHECK(of(answer.news, cause::stalled).size() == 2);
    const auto left = co_await s->locks();
    CHECK(left.empty());
}

CONTRACT_CASE("two renewals always differ, also where the clock was set back between them")
{
    const auto job = co_await s.add_active("a");
    const auto extension = [&] {
        std::vector<lock_extension> out;
        out.push_back({.job = claim_of(job), .duration = lock_duration});
        return out;
    };
    s.pass(10s);
    (void)co_await s.extend(extension());
    const auto end = s.now() + lock_duration;
    s.pass(-7s);
    (void)co_await s.extend(extension());
    const auto after = co_await s.get("a");
    CHECK(after.locked_until == end + 1ms);
    s.pass(7s);
    (void)co_await s.extend(extension());
    const auto again = co_await s.get("a");
    CHECK(again.locked_until == end + 2ms);
    s.pass(1s);
    (void)co_await s.extend(extension());
    const auto later = co_await s.get("a");
    CHECK(later.locked_until == end + 1s);
}

TEST_SUITE_END();
