#include <chrono>
#include <cstddef>
#include <iterator>
#include <optional>
#include <string>

#include "domain/text.hpp"
#include "domain/transitions.hpp"
#include "support/all_states.hpp"
#include "support/new_year.hpp"
#include "support/print.hpp"
#include "used_job.hpp"

using namespace cofila;
using namespace cofila::test;
using namespace std::chrono_literals;
using placement = transition::placement;

TEST_SUITE_BEGIN("transitions: changes");

TEST_CASE("a job that was kept for another's end waits, and owns its id if that is free")
{
    for (const bool free : {true, false}) {
        auto kept = job_in(job_state::delayed);
        kept.kept_for = 17;
        kept.run_at = time_point::max();
        const auto job = domain::freed(kept, free);
        CHECK(job.state == job_state::waiting);
        CHECK_FALSE(job.run_at);
        CHECK(job.kept_for == 0);
        CHECK(job.holds_dedup == free);
    }
}

TEST_CASE("which state allows which change")
{
    struct {
        const char* name;
        job_change what;
        bool allowed[5];  // as in all_states
    } const cases[] = {
        {"removal", removal{}, {true, true, false, true, true}},
        {"forced removal", forced_removal{}, {true, true, true, true, true}},
        {"promotion", promotion{}, {false, true, false, false, false}},
        {"retrial", retrial{}, {false, false, false, true, true}},
        {"new delay", new_delay{.wait = 1s}, {true, true, false, false, false}},
        {"new priority", new_priority{.priority = 3}, {true, true, false, false, false}},
        {"cancellation", cancellation{.why = "x"}, {true, true, true, false, false}},
    };
    for (const auto& c : cases)
        for (std::size_t i = 0; i < std::size(all_states); ++i) {
            INFO(c.name, " of a job that is ", to_string(all_states[i]));
            CHECK(domain::after_change(job_in(all_states[i]), c.what, new_year).has_value() == c.allowed[i]);
        }
}

TEST_CASE("a removal only removes")
{
    for (const auto state : all_states) {
        const auto change = domain::after_change(job_in(state), forced_removal{}, new_year);
        REQUIRE(change);
        CHECK(change->to == state);
        CHECK(change->remove);
    }
}

TEST_CASE("a new delay counts from now, none is a promotion")
{
    for (const auto state : {job_state::waiting, job_state::delayed}) {
        const auto later = domain::after_change(job_in(state), new_delay{.wait = 5s}, new_year);
        REQUIRE(later);
        CHECK(later->to == job_state::delayed);
        CHECK(later->run_at == new_year + 5s);
        CHECK(later->place == placement::keep);
        check_counters(*later, 2, 1, 5);
        const auto at_once = domain::after_change(job_in(state), new_delay{}, new_year);
        REQUIRE(at_once);
        CHECK(at_once->to == job_state::waiting);
        CHECK(at_once->run_at == std::nullopt);
        CHECK(at_once->place == placement::keep);
        const auto never = domain::after_change(job_in(state), new_delay{.wait = milliseconds::max()}, new_year);
        REQUIRE(never);
        CHECK(never->run_at == time_point::max());
    }
}

TEST_CASE("a new priority changes the priority and the place, and nothing else")
{
    for (const auto state : {job_state::waiting, job_state::delayed})
        for (const bool lifo : {false, true}) {
            const auto before = job_in(state);
            const auto change = domain::after_change(before, new_priority{.priority = 3, .lifo = lifo}, new_year);
            REQUIRE(change);
            CHECK(change->priority == 3);
            CHECK(change->place == (lifo ? placement::head : placement::tail));
            auto after = before;
            domain::apply(after, *change);
            CHECK(after.priority == 3);
            CHECK(after.state == state);
            CHECK(after.run_at == before.run_at);
            check_counters(*change, 2, 1, 5);
        }
}

TEST_CASE("the cancellation of an active job moves nothing, it asks")
{
    const auto before = job_in(job_state::active);
    const auto change = domain::after_change(before, cancellation{.why = std::string(100'000, 'x')}, new_year);
    REQUIRE(change);
    CHECK(change->to == job_state::active);
    REQUIRE(change->cancelled);
    CHECK(change->cancelled->size() <= domain::text_limit);
    auto after = before;
    domain::apply(after, *change);
    CHECK(after.state == job_state::active);
    CHECK(after.locked_until == before.locked_until);
    CHECK(after.cancelled == change->cancelled);
    domain::apply(after, domain::after_release(after));
    CHECK(after.cancelled == std::nullopt);
}

TEST_CASE("a retry begins anew, or keeps what counts against the limits")
{
    const auto anew = domain::after_change(job_in(job_state::failed), retrial{}, new_year);
    REQUIRE(anew);
    CHECK(anew->to == job_state::waiting);
    CHECK(anew->place == placement::tail);
    check_counters(*anew, 0, 0, 0);
    const auto kept = domain::after_change(
        job_in(job_state::completed, {.lifo = true}), retrial{.options = {.keep_attempts = true}}, new_year
    );
    REQUIRE(kept);
    CHECK(kept->place == placement::head);
    check_counters(*kept, 2, 0, 5);
}

TEST_SUITE_END();
