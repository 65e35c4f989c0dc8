// A connection that fails at each message in turn. Each round is one short history of three jobs on a queue of its own,
// through a proxy; what the store holds afterwards is read directly.
#include <doctest/doctest.h>

#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "contract/contract.hpp"
#include "support/postgres_proxy.hpp"

namespace asio = boost::asio;
using namespace cofila;
using namespace cofila::test;

TEST_SUITE_BEGIN("postgres faults");

namespace {

/// Stands still. In a hurry it moves with each look at it, so that every limit of time passes.
class rushing_clock final : public cofila::clock {
public:
    time_point wall_now() const override { return manual_clock::start; }
    steady_time steady_now() const override { return steady_time{seconds{1'000'000 + (rushes ? looks += 5 : +looks)}}; }
    asio::awaitable<void> sleep_until(steady_time) override { co_return; }

    std::atomic<bool> rushes{false};

private:
    mutable std::atomic<std::int64_t> looks{0};
};

struct faulty_site {
    const std::shared_ptr<rushing_clock> clock = std::make_shared<rushing_clock>();
    postgres_proxy proxy{postgres_target(), [clock = clock] { clock->rushes = true; }};
    postgres_schema schema{};

    asio::awaitable<std::shared_ptr<job_repository>> open(std::string target) const
    {
        co_return co_await postgres::open_repository(
            {.target = std::move(target),
             .schema = schema.name(),
             .clock = clock,
             .executor = co_await asio::this_coro::executor}
        );
    }
};

/// The counts of the jobs after each number of steps of the history.
const std::array<job_counts, 8> stages{{
    {},
    {.waiting = 1},
    {.waiting = 3},
    {.waiting = 1, .active = 2},
    {.active = 2, .completed = 1},
    {.active = 1, .completed = 1, .failed = 1},
    {.active = 1, .completed = 1, .failed = 1},
    {.completed = 2, .failed = 1},
}};

/// Returns how many steps were taken, and what the next one failed with.
asio::awaitable<std::pair<std::size_t, boost::system::error_code>> play(subject s)
{
    std::size_t taken = 0;
    try {
        co_await s.add("a");
        ++taken;
        std::vector<job_draft> both{s.make("b"), s.make("c")};
        (void)co_await s->add(std::move(both));
        ++taken;
        const auto first = co_await s.claim(2);
        CHECK(ids(first) == std::vector<std::string>{"a", "b"});
        ++taken;
        const auto next = co_await s.settle_and_claim({s.completion(first.at(0))}, 1);
        CHECK(next.settlements == std::vector{settled::accepted});
        CHECK(ids(next.claimed) == std::vector<std::string>{"c"});
        ++taken;
        const auto failed = co_await s.settle(s.failing(first.at(1)));
        CHECK(failed == settled::accepted);
        ++taken;
        const auto held = co_await s.extend({{.job = claim_of(next.claimed.at(0)), .duration = lock_duration}});
        CHECK(held == std::vector{true});
        ++taken;
        const auto last = co_await s.settle(s.completion(next.claimed.at(0)));
        CHECK(last == settled::accepted);
        ++taken;
    } catch (const error& e) {
        co_return std::pair{taken, e.code()};
    }
    co_return std::pair{taken, boost::system::error_code{}};
}

asio::awaitable<void> check_claimed_once(subject s)
{
    for (const auto* id : {"a", "b", "c"}) {
        const auto job = co_await s.get(id);
        CHECK(job.attempts_started == 1);
        CHECK(job.attempts_made == 1);
        CHECK(job.stalled_count == 0);
    }
}

/// The distance of two faults: 1 in a long campaign, `in_ci` otherwise.
int stride(int in_ci) { return std::getenv("COFILA_SOAK") ? 1 : in_ci; }

/// Lets the connection fail at one message after the other, until the history has no more.
asio::awaitable<void> fail_everywhere(faulty_site& here, link_fault fault, int step)
{
    const auto direct = co_await here.open(postgres_target());
    const auto through = co_await here.open(here.proxy.target());
    bool reached = true;
    int rounds = 0;
    for (; reached; ++rounds, fault.at += step) {
        const auto queue = "q" + std::to_string(rounds);
        INFO("message ", fault.at);
        here.proxy.arm(fault);
        const auto [taken, failed] = co_await play(subject{through, queue});
        reached = here.proxy.disarm();
        subject stored{direct, queue};
        CHECK_FALSE(failed);
        const auto counts = co_await stored.counts();
        CHECK(counts == stages.at(taken));
        if (!failed)
            co_await check_claimed_once(stored);
    }
    CHECK(rounds > 10);
    std::printf("%d rounds, up to message %d\n", rounds, fault.at);
    co_await through->close();
    co_await direct->close();
}

}  // namespace

TEST_CASE("PostgreSQL: wherever a connection is cut, every call succeeds, and does once what it does")
{
    using kind = link_fault::kind;
    faulty_site here;
    link_fault fault{.at = 1};
    SUBCASE("before the message") { fault.what = kind::cut_before; }
    SUBCASE("within the message") { fault.what = kind::cut_inside; }
    SUBCASE("behind the message") { fault.what = kind::cut_after; }
    SUBCASE("behind the message, and again while it is made anew") { fault = {kind::cut_after, 1, 9}; }
    SUBCASE("and the message arrives later") { fault.what = kind::late; }
    run_coro([&]() { return fail_everywhere(here, fault, stride(7)); });
}

TEST_CASE("PostgreSQL: wherever a connection freezes, calls fail in time, and the error says whether they are done")
{
    run_coro([&]() -> asio::awaitable<void> {
        faulty_site here;
        const auto direct = co_await here.open(postgres_target());
        bool reached = true;
        for (int at = 1; reached; at += stride(31)) {
            const auto through = co_await here.open(here.proxy.target());
            const auto queue = "q" + std::to_string(at);
            INFO("message ", at);
            here.proxy.arm({.what = link_fault::kind::frozen, .at = at});
            const auto [taken, failed] = co_await play(subject{through, queue});
            reached = here.proxy.disarm();
            const auto counts = co_await subject{direct, queue}.counts();
            if (failed == errc::outcome_unknown) {
                CHECK((counts == stages.at(taken) || counts == stages.at(taken + 1)));
            } else {
                CHECK((!failed || failed == errc::storage_busy));
                CHECK(counts == stages.at(taken));
            }
            co_await through->close();
            here.clock->rushes = false;
        }
        co_await direct->close();
    });
}

TEST_SUITE_END();
