#include <chrono>
#include <memory>
#include <optional>

#include "domain/dedup.hpp"
#include "domain/transitions.hpp"
#include "domain/validation.hpp"
#include "support/all_states.hpp"
#include "support/new_year.hpp"
#include "support/print.hpp"

using namespace cofila;
using namespace cofila::test;
using namespace std::chrono_literals;
using domain::dedup_plan;
using mode = deduplication::mode;

TEST_SUITE_BEGIN("deduplication");

namespace {

constexpr mode all_modes[] = {mode::until_finished, mode::throttle, mode::extend, mode::replace, mode::keep_last};
job_record new_job(mode how, time_point at = new_year)
{
    const deduplication dedup{.id = "d", .how = how, .ttl = 10s};
    return domain::new_job(
        "a", "task", "{}", std::make_shared<const job_options>(domain::resolve({.dedup = dedup}, {})), at
    );
}

job_record owner_in(job_state state, mode how = mode::until_finished)
{
    auto job = new_job(how);
    job.state = state;
    return job;
}

}  // namespace

TEST_CASE("without an owner a job is added")
{
    for (const auto how : all_modes)
        CHECK(domain::deduplicate(nullptr, new_job(how)) == dedup_plan{.add = true});
}

TEST_CASE("what becomes of a job says its mode and the state of the owner")
{
    for (const auto how : all_modes)
        for (const auto state : all_states) {
            INFO(static_cast<int>(how) << " " << to_string(state));
            dedup_plan expected{.add = false};
            if (how == mode::extend)
                expected = {.add = false, .extend_owner = true};
            if (how == mode::replace && state == job_state::delayed)
                expected = {.add = true, .remove_owner = true, .remove_kept = true};
            if (how == mode::keep_last && state == job_state::active)
                expected = {.add = true, .keep = true, .remove_kept = true};
            const auto owner = owner_in(state);
            CHECK(domain::deduplicate(&owner, new_job(how)) == expected);
        }
}

TEST_CASE("an owner whose time is over holds nothing, whatever its state and the mode")
{
    for (const auto how : all_modes)
        for (const auto state : all_states) {
            const auto owner = owner_in(state, mode::throttle);
            const dedup_plan released{.add = true, .release_owner = true};
            CHECK(domain::deduplicate(&owner, new_job(how, new_year + 10s)) == released);
            CHECK(domain::deduplicate(&owner, new_job(how, new_year + 9'999ms)) != released);
        }
}

TEST_CASE("a new job holds its deduplication id, for a time or until it has finished")
{
    for (const auto how : all_modes) {
        const auto job = new_job(how);
        CHECK(job.holds_dedup);
        CHECK(job.kept_for == 0);
        const bool timed = how == mode::throttle || how == mode::extend;
        CHECK(job.dedup_until == (timed ? std::optional{new_year + 10s} : std::nullopt));
    }
    const auto without =
        domain::new_job("a", "task", "{}", std::make_shared<const job_options>(domain::resolve({}, {})), new_year);
    CHECK_FALSE(without.holds_dedup);
    CHECK_FALSE(without.dedup_until);
}

TEST_CASE("a time that is no date any more is the last there is")
{
    const deduplication endless{.id = "d", .how = mode::throttle, .ttl = milliseconds::max()};
    CHECK(domain::hold_until(endless, new_year) == time_point::max());
    CHECK(domain::hold_until({.id = "d", .how = mode::throttle, .ttl = 1ms}, new_year) == new_year + 1ms);
}

TEST_CASE("a finished job holds on to its deduplication id until its time is over")
{
    const auto throttled = owner_in(job_state::completed, mode::throttle);
    CHECK(domain::holds_on(throttled, new_year + 9'999ms));
    CHECK_FALSE(domain::holds_on(throttled, new_year + 10s));
    CHECK_FALSE(domain::holds_on(owner_in(job_state::completed), new_year));
    auto freed = throttled;
    freed.holds_dedup = false;
    CHECK_FALSE(domain::holds_on(freed, new_year));
}

TEST_CASE("a job that is kept for the end of another has no date and holds nothing")
{
    auto job = new_job(mode::throttle);
    domain::keep_for(job, 17);
    CHECK(job.state == job_state::delayed);
    CHECK(job.run_at == time_point::max());
    CHECK(job.kept_for == 17);
    CHECK_FALSE(job.holds_dedup);
    CHECK_FALSE(job.dedup_until);
}

TEST_CASE("what ends a job or removes it frees its deduplication id, what lets it run again does not")
{
    auto job = new_job(mode::until_finished);
    job.state = job_state::active;
    job.attempts_started = 1;
    CHECK(domain::after_success(job, "1", new_year).frees_dedup);
    CHECK(domain::after_failure(job, {.message = "boom"}, new_year, 0.0).frees_dedup);
    CHECK(domain::after_cancellation(job, "why", new_year).frees_dedup);
    CHECK(domain::after_expiry(job, new_year).frees_dedup);
    CHECK(domain::after_damage(job, new_year).frees_dedup);
    CHECK_FALSE(domain::after_release(job).frees_dedup);
    CHECK_FALSE(domain::after_deferral(job, delay_for{.wait = 1s}, new_year).frees_dedup);
    CHECK_FALSE(domain::mark_as_stalled(job, new_year, 0).frees_dedup);
    job.stalled_count = 1;
    CHECK(domain::mark_as_stalled(job, new_year, 0).frees_dedup);
    auto options = *job.options;
    options.attempts = 2;
    job.options = std::make_shared<const job_options>(options);
    CHECK_FALSE(domain::after_failure(job, {.message = "boom"}, new_year, 0.0).frees_dedup);
}

TEST_CASE("the end of a job without a deduplication frees nothing")
{
    auto job =
        domain::new_job("a", "task", "{}", std::make_shared<const job_options>(domain::resolve({}, {})), new_year);
    job.state = job_state::active;
    CHECK_FALSE(domain::after_success(job, "1", new_year).frees_dedup);
    CHECK_FALSE(domain::after_failure(job, {.message = "boom"}, new_year, 0.0).frees_dedup);
}

TEST_CASE("a kept job that is promoted, delayed or ended by hand is kept no more; with another priority it is")
{
    const auto after = [](const job_change& change) {
        auto job = new_job(mode::keep_last);
        domain::keep_for(job, 17);
        domain::apply(job, domain::after_change(job, change, new_year).value());
        return job;
    };
    CHECK(after(promotion{}).kept_for == 0);
    CHECK(after(new_delay{.wait = 1s}).kept_for == 0);
    CHECK(after(cancellation{.why = "why"}).kept_for == 0);
    CHECK(after(new_priority{.priority = 1}).kept_for == 17);
}

TEST_SUITE_END();
