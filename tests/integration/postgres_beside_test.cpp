// Processes that write beside each other on a PostgreSQL server: two sessions in one thread show what each may see.
#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "integration/some_jobs.hpp"
#include "postgres/schema.hpp"
#include "postgres/session.hpp"
#include "store/adding.hpp"
#include "store/changing.hpp"
#include "store/settling.hpp"
#include "support/postgres_schema.hpp"
#include "support/print.hpp"

using namespace cofila;
using namespace cofila::test;
using namespace std::chrono_literals;

TEST_SUITE_BEGIN("postgres beside");

namespace {

constexpr auto now = manual_clock::start;

/// Two connections to one schema, in which the queue "q" has some jobs.
struct two_sessions {
    postgres_schema schema{};
    postgres::link_options options = schema.options();
    postgres::session one{options};
    postgres::session two{options};

    explicit two_sessions(std::vector<job_draft> jobs)
    {
        open_schema(one.link());
        one.begin_alone();
        store::add(one, jobs);
        one.commit();
        for (auto* const tx : {&one, &two}) {  // they know the queue by now
            tx->begin_beside_others();
            static_cast<store::tables&>(*tx).settings(*tx->find_queue("q"));
            tx->commit();
        }
    }
};

settle_and_claim_request claiming(std::uint64_t token, std::vector<settlement> ends = {})
{
    settle_and_claim_request out{.now = now, .settlements = std::move(ends)};
    out.claim = {.queue = "q", .tokens = {{.low = token}}, .worker = "w", .lock_duration = 30s};
    return out;
}

std::vector<settlement> success(const job_snapshot& job)
{
    return {{.job = job_ref::of(*job), .change = domain::after_success(*job, "1", now)}};
}

}  // namespace

TEST_CASE("PostgreSQL: two claims beside each other get different jobs, and neither waits")
{
    two_sessions here{{some_job("a"), some_job("b"), some_job("c")}};
    here.one.begin_beside_others();
    here.two.begin_beside_others();
    const auto first = store::settle_and_claim(here.one, claiming(1)).claimed.at(0);
    const auto second = store::settle_and_claim(here.two, claiming(2)).claimed.at(0);
    CHECK(first->id.str() == "a");
    CHECK(second->id.str() == "b");
    here.two.commit();
    here.one.commit();
    here.two.begin_beside_others();
    const auto third = store::settle_and_claim(here.two, claiming(3, success(second)));
    CHECK(third.settlements == std::vector{settled::accepted});
    CHECK(third.claimed.at(0)->id.str() == "c");
    here.two.commit();
}

TEST_CASE("PostgreSQL: of two that end the last jobs at once, each sees the other's; after the commits it is noticed")
{
    two_sessions here{{some_job("a"), some_job("b")}};
    here.one.begin_beside_others();
    const auto first = store::settle_and_claim(here.one, claiming(1)).claimed.at(0);
    const auto second = store::settle_and_claim(here.one, claiming(2)).claimed.at(0);
    here.one.commit();
    here.one.begin_beside_others();
    here.two.begin_beside_others();
    auto by_one = store::settle_and_claim(here.one, claiming(3, success(first)));
    auto by_two = store::settle_and_claim(here.two, claiming(4, success(second)));
    here.one.commit();
    here.one.begin_reading();
    store::confirm_drained(here.one, "q", by_one);
    here.one.end_reading();
    here.two.commit();
    here.two.begin_reading();
    store::confirm_drained(here.two, "q", by_two);
    here.two.end_reading();
    CHECK_FALSE(by_one.drained);
    CHECK(by_two.drained);
}

TEST_CASE("PostgreSQL: a claim that begins when a queue has been paused takes nothing, whatever was remembered")
{
    two_sessions here{{some_job("a")}};
    here.two.begin_alone();
    store::set_paused(here.two, "q", true);
    here.two.commit();
    here.one.begin_beside_others();
    CHECK_THROWS_AS(store::settle_and_claim(here.one, claiming(1)), postgres::outdated);
    here.one.roll_back();
    here.one.begin_beside_others();
    CHECK(store::settle_and_claim(here.one, claiming(1)).claimed.empty());
    here.one.commit();
}

TEST_CASE("PostgreSQL: what others must not see half done is not done beside them")
{
    two_sessions here{{some_job("a")}};
    const auto refused = [&](auto work) {
        here.one.begin_beside_others();
        CHECK_THROWS_AS(work(static_cast<store::tables&>(here.one)), postgres::needs_store);
        here.one.roll_back();
    };
    refused([](store::tables& db) { store::add(db, {in_queue("new", some_job("b"))}); });
    refused([](store::tables& db) { store::add(db, {some_job("b", "1", {.group = "g"})}); });
    refused([](store::tables& db) { store::set_paused(db, "q", true); });
    refused([](store::tables& db) { store::change(db, "q", "a", removal{}, now); });
    here.two.begin_alone();
    store::set(here.two, "q", global_concurrency{.jobs = 1});
    here.two.commit();
    refused([](store::tables& db) { store::settle_and_claim(db, claiming(1)); });
    here.one.begin_alone();
    CHECK(store::settle_and_claim(here.one, claiming(1)).claimed.size() == 1);
    here.one.commit();
    CHECK(here.one.limits_claims("q"));
}

TEST_SUITE_END();
