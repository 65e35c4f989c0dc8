// Engines that write to one PostgreSQL schema at once, each in a thread of its own: nothing goes wrong, whatever the
// order.
#include <cofila/cofila.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <functional>
#include <future>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "postgres/statements.hpp"
#include "support/error_of.hpp"
#include "support/postgres_schema.hpp"
#include "support/print.hpp"
#include "support/run_coro.hpp"

namespace asio = boost::asio;
using namespace cofila;
using namespace cofila::test;

TEST_SUITE_BEGIN("postgres engines");

namespace {

using numbers = queue<int, int>;

/// Runs a coroutine for each engine on the schema, in a thread of its own.
void in_engines(
    const postgres_schema& schema, int count, const std::function<asio::awaitable<void>(numbers, int)>& body
)
{
    const auto target = postgres_target();  // here, because the server ends with the thread that has started it
    const auto run = [&](int me) {
        run_coro([&, me]() -> asio::awaitable<void> {
            auto made = co_await engine::open(
                {.database = target,
                 .durability = durability::normal,
                 .maintenance = std::nullopt,
                 .schema = schema.name()}
            );
            co_await body(made.queue<int, int>("q"), me);
            co_await made.close();
        });
    };
    std::vector<std::future<void>> all;
    for (int me = 0; me < count; ++me)
        all.push_back(std::async(std::launch::async, run, me));
    for (auto& one : all)
        one.get();
}

/// What several threads note. Threads must not use the macros of doctest.
class findings {
public:
    void ran(int number)
    {
        const std::lock_guard lock{mutex_};
        if (!numbers_.insert(number).second)
            twice_.insert(number);
    }
    void failed(const thrown_error& what)
    {
        const std::lock_guard lock{mutex_};
        if (what.code == errc::storage_busy || what.code == errc::internal || what.code == errc::outcome_unknown)
            errors_.insert(what.text);
    }
    std::size_t count() const { return numbers_.size(); }
    const std::set<int>& twice() const { return twice_; }
    const std::set<std::string>& errors() const { return errors_; }

private:
    std::mutex mutex_{};
    std::set<int> numbers_{};
    std::set<int> twice_{};
    std::set<std::string> errors_{};
};

asio::awaitable<void> work_on(numbers queue, findings& found, int limit)
{
    const auto claimed = co_await queue.fetch_next_and_lock({.limit = limit});
    for (const auto& one : claimed) {
        found.ran(one.job.data());
        found.failed(co_await error_of(queue.complete(one.claim, 1)));
    }
}

asio::awaitable<void> change_something(numbers queue, findings& found, int round)
{
    switch (round % 6) {
    case 0:
        found.failed(co_await error_of(queue.set_global_concurrency(5)));
        break;
    case 1:
        found.failed(co_await error_of(queue.promote_all()));
        break;
    case 2:
        found.failed(co_await error_of(queue.set_global_concurrency(std::nullopt)));
        break;
    case 3:
        found.failed(co_await error_of(queue.set_rate_limit(rate_limit{.max = 1000})));
        break;
    case 4:
        found.failed(co_await error_of(queue.set_rate_limit(std::nullopt)));
        break;
    default:
        found.failed(co_await error_of(queue.obliterate(true)));
        break;
    }
}

std::string ask(const postgres_schema& schema, const char* sql)
{
    postgres::rows row{postgres_schema::link().run(postgres::with_schema(sql, schema.name()))};
    return row.step() ? row.text(0) : "";
}

}  // namespace

TEST_CASE("PostgreSQL: five engines add, run, limit, change and remove the same ids: nothing runs twice or is busy")
{
    constexpr int engines = 5;
    constexpr int rounds = 120;
    const postgres_schema schema;
    in_engines(schema, 1, [](numbers, int) -> asio::awaitable<void> { co_return; });
    findings found;
    in_engines(schema, engines, [&](numbers queue, int me) -> asio::awaitable<void> {
        for (int round = 0; round < rounds; ++round) {
            std::vector<job_spec<int>> jobs;
            for (int i = 0; i < 3; ++i) {
                const int number = (me * rounds + round) * 3 + i;
                const auto id = "id" + std::to_string((round * 7 + me * 3 + i * 11) % 20);
                const auto delay = number % 10 == 0 ? milliseconds{1} : milliseconds{};
                jobs.push_back({.name = "job", .data = number, .options = {.id = id, .delay = delay}});
            }
            found.failed(co_await error_of(queue.add_bulk(jobs)));
            found.failed(co_await error_of(queue.add("job", -1 - me * rounds - round)));
            co_await work_on(queue, found, 4);
            if (round % 4 == me % 4)
                co_await change_something(queue, found, round / 4 + me);
        }
    });
    CHECK(found.errors() == std::set<std::string>{});
    CHECK(found.twice() == std::set<int>{});
    CHECK(found.count() > 100);
}

TEST_CASE("PostgreSQL: of eight engines that write, a reader of the event log misses no number and sees none late")
{
    constexpr int engines = 8;
    constexpr int rounds = 25;
    const postgres_schema schema;
    in_engines(schema, 1, [](numbers queue, int) -> asio::awaitable<void> { co_await queue.set_event_log(100'000); });
    std::atomic<bool> ended{false};
    std::string gap;
    std::thread reader{[&] {
        while (!ended && gap.empty())
            gap =
                ask(schema,
                    "SELECT 'of ' || max(sequence) || ' there are ' || count(*) FROM @events "
                    "HAVING count(*) <> max(sequence)");
    }};
    findings found;
    in_engines(schema, engines, [&](numbers queue, int me) -> asio::awaitable<void> {
        for (int round = 0; round < rounds; ++round) {
            found.failed(co_await error_of(queue.add("job", me * rounds + round)));
            co_await work_on(queue, found, 1);
        }
    });
    ended = true;
    reader.join();
    CHECK(gap == "");
    CHECK(found.errors() == std::set<std::string>{});
    CHECK(found.twice() == std::set<int>{});
    // Each job is added, claimed and completed, in this order.
    CHECK(ask(schema, "SELECT max(sequence) - count(*) FROM @events") == "0");
    CHECK(
        ask(schema,
            "SELECT count(*) FROM (SELECT array_agg(state ORDER BY sequence) AS way FROM @events GROUP BY job) "
            "AS j WHERE way <> (ARRAY[0, 2, 4]::smallint[])[1:cardinality(way)]") == "0"
    );
    CHECK(ask(schema, "SELECT count(*) FROM @events WHERE kind = 0") == std::to_string(engines * rounds));
}

TEST_SUITE_END();
