#include <cofila/engine.hpp>

#include <SQLiteCpp/Database.h>

#include <string>
#include <utility>
#include <vector>

#include "measures.hpp"
#include "workloads.hpp"

/// What an add costs beside many other queues.
namespace bench {

namespace asio = boost::asio;
using boost::json::object;
using namespace std::chrono_literals;

namespace {

constexpr int used_queues = 30'000;
constexpr int open_queues = 8'000;
constexpr std::int64_t adds_in_turn = 250;

/// A store with its engine, which sweeps more often than usual.
struct place {
    cofila::engine engine;
    std::vector<queue> open{};
    double seconds = 0;
};

// NOLINTNEXTLINE(*-avoid-reference-coroutine-parameters): it is awaited at once
asio::awaitable<void> add_in_turn(place& where, std::int64_t from)
{
    auto jobs = where.engine.queue<message>("bench");
    const auto begin = now();
    for (std::int64_t n = from; n < from + adds_in_turn; ++n)
        co_await jobs.add("job", {.n = n});
    where.seconds += now() - begin;
}

asio::awaitable<place> open_place(task work, std::string name)
{
    cofila::engine_options options{
        .database = work.database + name,
        .durability = work.durability,
        .maintenance = cofila::maintenance_options{.interval = 500ms},
        .spin = work.spin
    };
    co_return place{.engine = co_await cofila::engine::open(std::move(options))};
}

/// Makes queues as they are when their jobs have gone.
void use_queues(const std::string& database)
{
    SQLite::Database db{database, SQLite::OPEN_READWRITE};
    db.exec("PRAGMA busy_timeout = 10000");
    db.exec(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < " + std::to_string(used_queues) +
        ") INSERT INTO cofila_queues (name) SELECT 'used ' || i FROM n"
    );
}

}  // namespace

/// Adds in turn to three stores: with one queue, with many that were used, with many that are open.
asio::awaitable<object> add_beside_queues(task work, queue)
{
    auto alone = co_await open_place(work, ".alone");
    auto used = co_await open_place(work, ".used");
    auto opened = co_await open_place(work, ".open");
    use_queues(work.database + ".used");
    for (int i = 0; i < open_queues; ++i)
        opened.open.push_back(opened.engine.queue<message>("open " + std::to_string(i)));
    for (std::int64_t n = 0; n < work.jobs; n += adds_in_turn)
        for (auto* const where : {&alone, &used, &opened})
            co_await add_in_turn(*where, n);
    auto result = paced(3 * work.jobs, alone.seconds + used.seconds + opened.seconds);
    result["add_us"] = alone.seconds / static_cast<double>(work.jobs) * 1e6;
    result["used_ratio"] = used.seconds / alone.seconds;
    result["open_ratio"] = opened.seconds / alone.seconds;
    for (auto* const where : {&alone, &used, &opened})
        co_await where->engine.close();
    co_return result;
}

}  // namespace bench
