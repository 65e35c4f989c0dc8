// What applications test with.
#include <cofila/testing.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/describe/class.hpp>

#include <chrono>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/error_of.hpp"
#include "support/print.hpp"

namespace asio = boost::asio;
using namespace cofila;
using namespace std::chrono_literals;

TEST_SUITE_BEGIN("testing.hpp");

namespace {

struct invitation {
    std::string to{};
    int seats = 2;
};
BOOST_DESCRIBE_STRUCT(invitation, (), (to, seats))

using invitations = queue<invitation, void>;
using invitation_job = job<invitation, void>;

asio::awaitable<void> do_nothing(invitation_job) { co_return; }

/// Runs `body` with an engine in memory, which is closed afterwards.
template <class Body>
void with_engine(Body body)
{
    const auto test_body = [](Body inner) -> asio::awaitable<void> {
        auto with = co_await testing::open_memory_engine();
        co_await inner(with);
        co_await with.engine.close();
    };
    testing::run(test_body(std::move(body)));
}

template <class Operation>
asio::awaitable<std::string> unmet(asio::awaitable<Operation> expectation)
{
    try {
        co_await std::move(expectation);
    } catch (const testing::unmet_expectation& e) {
        co_return e.what();
    }
    co_return "met";
}

}  // namespace

TEST_CASE("run throws what its coroutine throws")
{
    const auto failing = []() -> asio::awaitable<void> {
        throw std::runtime_error{"no"};
        co_return;
    };
    CHECK_THROWS_WITH(testing::run(failing()), "no");
}

TEST_CASE("run_all runs what is due, in order, and what that adds")
{
    with_engine([](testing::memory_engine& with) -> asio::awaitable<void> {
        auto queue = with.engine.queue<invitation, void>("q");
        co_await queue.add("second", {}, {.id = "b", .priority = 5});
        co_await queue.add("first", {}, {.id = "a"});
        std::vector<std::string> ran;
        const auto report = co_await testing::run_all(queue, [&](invitation_job job) -> asio::awaitable<void> {
            ran.push_back(job.name());
            if (job.name() == "first")
                co_await queue.add("third", {}, {.id = "c", .priority = 9});
        });
        CHECK(ran == std::vector<std::string>{"first", "second", "third"});
        CHECK(report.processed == std::vector<job_id>{"a", "b", "c"});
        CHECK(report.failed.empty());
        CHECK(with.clock->wall_now() == testing::manual_clock::start);
    });
}

TEST_CASE("run_all moves the clock to each job's time, and not beyond")
{
    with_engine([](testing::memory_engine& with) -> asio::awaitable<void> {
        auto queue = with.engine.queue<invitation, void>("q");
        co_await queue.add("flaky", {}, {.id = "a", .attempts = 3, .backoff = backoff::fixed(10s)});
        co_await queue.add("late", {}, {.id = "b", .delay = 48h});
        std::vector<milliseconds> ran;
        const auto report = co_await testing::run_all(queue, [&](invitation_job job) -> asio::awaitable<void> {
            ran.push_back(with.clock->wall_now() - testing::manual_clock::start);
            if (job.name() == "flaky" && job.attempts_made() < 2)
                throw std::runtime_error{"not yet"};
            co_return;
        });
        CHECK(ran == std::vector<milliseconds>{0ms, 10s, 20s, 48h});
        CHECK(report.processed == std::vector<job_id>{"a", "b"});
        CHECK(report.failed == std::vector<job_id>{"a", "a"});
        CHECK(with.clock->wall_now() == testing::manual_clock::start + 48h);
    });
}

TEST_CASE("what is due later than asked for stays")
{
    with_engine([](testing::memory_engine& with) -> asio::awaitable<void> {
        auto queue = with.engine.queue<invitation, void>("q");
        co_await queue.add("now", {});
        co_await queue.add("soon", {}, {.delay = 1h});
        co_await queue.add("late", {}, {.id = "late", .delay = 2h});
        const auto report = co_await testing::run_all(queue, do_nothing, {.at_most = 1h});
        CHECK(report.processed.size() == 2);
        const auto late = (co_await queue.get_job("late")).value();
        CHECK(late.state() == job_state::delayed);
        CHECK(with.clock->wall_now() == testing::manual_clock::start + 1h);
    });
}

TEST_CASE("jobs that a rate limit holds back run when it allows, those of a paused queue not at all")
{
    with_engine([](testing::memory_engine& with) -> asio::awaitable<void> {
        auto queue = with.engine.queue<invitation, void>("q");
        co_await queue.set_rate_limit(rate_limit{.max = 1, .duration = 60s});
        for (int i = 0; i < 3; ++i)
            co_await queue.add("x", {});
        const auto limited = co_await testing::run_all(queue, do_nothing);
        CHECK(limited.processed.size() == 3);
        CHECK(with.clock->wall_now() >= testing::manual_clock::start + 120s);
        co_await queue.add("x", {});
        co_await queue.pause();
        const auto paused = co_await testing::run_all(queue, do_nothing);
        CHECK(paused.processed.empty());
    });
}

TEST_CASE("processors that put jobs off are asked again at their time")
{
    with_engine([](testing::memory_engine& with) -> asio::awaitable<void> {
        auto queue = with.engine.queue<invitation, void>("q");
        co_await queue.add("poll", {}, {.id = "a"});
        const auto report = co_await testing::run_all(queue, [](invitation_job job) -> asio::awaitable<outcome<void>> {
            if (job.deferrals() < 3)
                co_return delay_for{1min};
            co_return no_result{};
        });
        CHECK(report.processed == std::vector<job_id>{"a"});
        CHECK(report.failed.empty());
        CHECK(with.clock->wall_now() == testing::manual_clock::start + 3min);
    });
}

TEST_CASE("jobs that add one another without end are reported")
{
    with_engine([](testing::memory_engine& with) -> asio::awaitable<void> {
        auto queue = with.engine.queue<invitation, void>("q");
        co_await queue.add("x", {});
        const auto again = [&](invitation_job) -> asio::awaitable<void> { co_await queue.add("x", {}, {.delay = 1s}); };
        const auto e = co_await test::error_of(testing::run_all(queue, again, {.attempts = 20}));
        CHECK(e.code == errc::timed_out);
        CHECK(e.text == "run_all: more than 20 attempts (run_options::attempts)");
    });
}

TEST_CASE("an empty queue has been run at once; options are checked by name")
{
    with_engine([](testing::memory_engine& with) -> asio::awaitable<void> {
        auto queue = with.engine.queue<invitation, void>("q");
        const auto report = co_await testing::run_all(queue, do_nothing);
        CHECK(report.processed.empty());
        std::vector<std::string> refused;
        for (const testing::run_options& wrong :
             std::vector<testing::run_options>{{.at_most = -1ms}, {.attempts = 0}, {.worker = {.concurrency = 0}}}) {
            const auto e = co_await test::error_of(testing::run_all(queue, do_nothing, wrong));
            refused.push_back(e.field);
        }
        CHECK(refused == std::vector<std::string>{"at_most", "attempts", "concurrency"});
    });
}

TEST_CASE("an expected job is found by its name and data, in whatever state it is")
{
    with_engine([](testing::memory_engine& with) -> asio::awaitable<void> {
        auto queue = with.engine.queue<invitation, void>("q");
        co_await queue.add("invite", {.to = "bob"}, {.id = "a"});
        co_await queue.add("invite", {.to = "ada"}, {.id = "b", .delay = 1h});
        const auto first = co_await testing::expect_job(queue, "invite");
        CHECK(first.id() == "a");
        auto ada = co_await testing::expect_job(queue, "invite", invitation{.to = "ada"});
        CHECK(ada.id() == "b");
        CHECK(ada.data().seats == 2);
        co_await testing::run_all(queue, do_nothing);
        ada = co_await testing::expect_job(queue, "invite", invitation{.to = "ada"});
        CHECK(ada.state() == job_state::completed);
        co_await testing::expect_no_job(queue, "remind");
    });
}

TEST_CASE("an expectation that is not met says what there is instead")
{
    with_engine([](testing::memory_engine& with) -> asio::awaitable<void> {
        auto queue = with.engine.queue<invitation, void>("q");
        co_await testing::expect_no_job(queue);
        auto said = co_await unmet(testing::expect_job(queue, "invite"));
        CHECK(said == "expected a job 'invite' in queue 'q', which has no jobs");
        co_await queue.add("invite", {.to = "bob"});
        const std::string bob = "\n  waiting: 'invite' with {\"to\":\"bob\",\"seats\":2}";
        said = co_await unmet(testing::expect_job(queue, "invite", invitation{.to = "ada"}));
        CHECK(said == R"(expected a job 'invite' with {"to":"ada","seats":2} in queue 'q', which has)" + bob);
        said = co_await unmet(testing::expect_no_job(queue, "invite"));
        CHECK(said == "expected no job 'invite' in queue 'q', which has" + bob);
        said = co_await unmet(testing::expect_no_job(queue));
        CHECK(said == "expected no job in queue 'q', which has" + bob);
    });
}

TEST_SUITE_END();
