#include <cofila/engine.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <exception>
#include <stdexcept>
#include <utility>
#include <vector>

#include "measures.hpp"
#include "workloads.hpp"

/// What an add costs beside callers of `fetch_next_and_lock` that wait.
namespace bench {

namespace asio = boost::asio;
using boost::json::object;
using namespace std::chrono_literals;
using namespace asio::experimental::awaitable_operators;

namespace {

constexpr int few_callers = 10;
constexpr int many_callers = 2'000;
constexpr std::int64_t adds_by_turn = 250;

/// A queue, and what its callers took.
struct waiting_room {
    queue jobs;
    std::int64_t taken = 0;
    double seconds = 0;
};

// NOLINTNEXTLINE(*-avoid-reference-coroutine-parameters): the caller keeps the room and joins
asio::awaitable<void> take_until_closed(waiting_room& where)
{
    try {
        for (;;)
            where.taken += static_cast<std::int64_t>((co_await where.jobs.fetch_next_and_lock({.wait = 1h})).size());
    } catch (const cofila::error& e) {
        if (e.code() != cofila::errc::closed)
            throw;
    }
}

// NOLINTNEXTLINE(*-avoid-reference-coroutine-parameters): the caller keeps the room and waits at once
asio::awaitable<void> wait_in_crowd(waiting_room& where, int callers)
{
    const auto executor = co_await asio::this_coro::executor;
    using caller = decltype(asio::co_spawn(executor, take_until_closed(where), asio::deferred));
    std::vector<caller> all;
    for (int i = 0; i < callers; ++i)
        all.push_back(asio::co_spawn(executor, take_until_closed(where), asio::deferred));
    auto [order, failures] = co_await asio::experimental::make_parallel_group(std::move(all))
                                 .async_wait(asio::experimental::wait_for_all(), asio::use_awaitable);
    for (const auto& failed : failures)
        if (failed)
            std::rethrow_exception(failed);
}

// NOLINTNEXTLINE(*-avoid-reference-coroutine-parameters): it is awaited at once
asio::awaitable<void> add_and_have_taken(waiting_room& where, std::int64_t count)
{
    const auto begin = now();
    for (const auto end = where.taken + count; where.taken < end;) {
        const auto before = where.taken;
        co_await where.jobs.add("job", {});
        while (where.taken == before)
            co_await asio::post(asio::use_awaitable);
    }
    where.seconds += now() - begin;
}

// NOLINTNEXTLINE(*-avoid-reference-coroutine-parameters): the caller keeps the places and joins
asio::awaitable<void> add_by_turns(std::int64_t jobs, waiting_room& beside_few, waiting_room& beside_many)
{
    co_await pause(300ms);  // until all of them wait
    for (std::int64_t n = 0; n < jobs; n += adds_by_turn)
        for (auto* const where : {&beside_few, &beside_many})
            co_await add_and_have_taken(*where, adds_by_turn);
    for (auto* const where : {&beside_few, &beside_many})
        co_await where->jobs.close();
}

}  // namespace

/// Adds in turn to two queues, in which few and many callers wait for a job; each add waits until its job was taken.
asio::awaitable<object> add_beside_callers(task work, queue)
{
    auto engine = co_await cofila::engine::open(
        {.database = work.database + ".callers", .durability = work.durability, .spin = work.spin}
    );
    waiting_room beside_few{.jobs = engine.queue<message>("few")};
    waiting_room beside_many{.jobs = engine.queue<message>("many")};
    co_await (
        wait_in_crowd(beside_few, few_callers) && wait_in_crowd(beside_many, many_callers) &&
        add_by_turns(work.jobs, beside_few, beside_many)
    );
    if (beside_few.taken != work.jobs || beside_many.taken != work.jobs)
        throw std::runtime_error("a job was not taken exactly once");
    co_await engine.close();
    auto result = paced(2 * work.jobs, beside_few.seconds + beside_many.seconds);
    result["add_us"] = beside_few.seconds / static_cast<double>(work.jobs) * 1e6;
    result["callers_ratio"] = beside_many.seconds / beside_few.seconds;
    co_return result;
}

}  // namespace bench
