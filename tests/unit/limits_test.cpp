#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "domain/limits.hpp"
#include "support/new_year.hpp"
#include "support/print.hpp"

using namespace cofila;
using namespace std::chrono_literals;
using domain::claim_note;
using domain::room_for;
using domain::waiting_group;
using test::new_year;

TEST_SUITE_BEGIN("limits");

namespace {

using names = std::vector<std::string>;

/// The keys in the order in which the groups are served if each has one job.
names in_order(std::vector<waiting_group> groups)
{
    names out;
    while (const auto* first = domain::first_to_serve(groups)) {
        out.push_back(first->key);
        groups.erase(groups.begin() + (first - groups.data()));
    }
    return out;
}

}  // namespace

TEST_CASE("without a limit there is room for all that is wanted")
{
    const auto room = room_for(7, {}, 100, {}, {}, new_year);
    CHECK(room.jobs == 7);
    CHECK(room.again == std::nullopt);
}

TEST_CASE("a concurrency leaves room for what is not active, and tells no time")
{
    struct {
        int wanted;
        int concurrency;
        int active;
        int room;
    } const cases[] = {{5, 10, 0, 5}, {5, 10, 5, 5}, {5, 10, 6, 4}, {5, 10, 10, 0}, {5, 10, 11, 0}, {0, 10, 0, 0}};
    for (const auto& c : cases) {
        const auto room = room_for(c.wanted, c.concurrency, c.active, {}, {}, new_year);
        CHECK(room.jobs == c.room);
        CHECK(room.again == std::nullopt);
    }
}

TEST_CASE("a rate leaves room for what was not claimed within its window")
{
    const rate_limit rate{.max = 5, .duration = 10s};
    const std::vector<claim_note> past{
        {.at = new_year - 10s, .jobs = 100}, {.at = new_year - 9'999ms, .jobs = 2}, {.at = new_year, .jobs = 1}
    };
    const auto room = room_for(9, {}, 0, rate, past, new_year);
    CHECK(room.jobs == 2);
    CHECK(room.again == new_year + 1ms);
}

TEST_CASE("a rate that has room for all that is wanted tells no time")
{
    const rate_limit rate{.max = 5, .duration = 10s};
    const std::vector<claim_note> past{{.at = new_year - 1s, .jobs = 2}};
    const auto room = room_for(3, {}, 0, rate, past, new_year);
    CHECK(room.jobs == 3);
    CHECK(room.again == std::nullopt);
}

TEST_CASE("a rate of which nothing is used has room again when what is claimed now counts no more")
{
    const auto room = room_for(9, {}, 0, rate_limit{.max = 5, .duration = 10s}, {}, new_year);
    CHECK(room.jobs == 5);
    CHECK(room.again == new_year + 10s);
}

TEST_CASE("a rate that is more than used up leaves no room")
{
    const std::vector<claim_note> past{{.at = new_year - 3s, .jobs = 100}};
    const auto room = room_for(9, {}, 0, rate_limit{.max = 5, .duration = 10s}, past, new_year);
    CHECK(room.jobs == 0);
    CHECK(room.again == new_year + 7s);
}

TEST_CASE("the smaller of concurrency and rate decides, and a time is told only where it is the rate")
{
    const rate_limit rate{.max = 5, .duration = 10s};
    const std::vector<claim_note> past{{.at = new_year - 3s, .jobs = 2}};
    const auto by_concurrency = room_for(9, 4, 2, rate, past, new_year);
    CHECK(by_concurrency.jobs == 2);
    CHECK(by_concurrency.again == std::nullopt);
    const auto by_rate = room_for(9, 40, 2, rate, past, new_year);
    CHECK(by_rate.jobs == 3);
    CHECK(by_rate.again == new_year + 7s);
}

TEST_CASE("a claim counts for a window after it, and before it where the clock was set back")
{
    const rate_limit rate{.max = 1, .duration = 10s};
    for (const auto& [ago, counted] : {
             std::pair{milliseconds{10s}, false},
             {9'999ms, true},
             {0ms, true},
             {-9'999ms, true},
             {milliseconds{-10s}, false},
             {milliseconds{-24h}, false},
         }) {
        INFO(ago.count());
        CHECK(domain::counts({.at = new_year - ago, .jobs = 1}, rate, new_year) == counted);
        const std::vector<claim_note> past{{.at = new_year - ago, .jobs = 1}};
        CHECK(room_for(1, {}, 0, rate, past, new_year).jobs == (counted ? 0 : 1));
    }
}

TEST_CASE("among groups of one priority the one that was served longest ago is first, then the one whose job is older")
{
    CHECK(
        in_order({
            {.key = "a", .served = 7, .next = {0, 1}},
            {.key = "b", .served = 3, .next = {0, 2}},
            {.key = "", .served = 0, .next = {0, 5}},
            {.key = "d", .served = 0, .next = {0, -4}},
        }) == names{"d", "", "b", "a"}
    );
}

TEST_CASE("the best priority goes before any turn")
{
    CHECK(
        in_order({
            {.key = "a", .served = 0, .next = {5, 1}},
            {.key = "b", .served = 9, .next = {1, 8}},
            {.key = "c", .served = 1, .next = {2, 9}},
        }) == names{"b", "c", "a"}
    );
}

TEST_CASE("where no group may run a job there is none to serve") { CHECK(domain::first_to_serve({}) == nullptr); }

TEST_CASE("a claim counts for its own time, but never for one before a claim that counts")
{
    const std::vector<claim_note> past{
        {.at = new_year - 3s, .jobs = 1}, {.at = new_year + 400ms, .jobs = 1}, {.at = new_year + 5s, .jobs = 1}
    };
    CHECK(domain::time_of_claim({}, 1s, new_year) == new_year);
    CHECK(domain::time_of_claim(past, 1s, new_year) == new_year + 400ms);
    CHECK(domain::time_of_claim(past, 1s, new_year + 1s) == new_year + 1s);
    CHECK(domain::time_of_claim(past, 10s, new_year) == new_year + 5s);
}

TEST_CASE("claims are kept for the longest window of a queue")
{
    CHECK(domain::longest_window({}) == std::nullopt);
    CHECK(domain::longest_window({.rate = rate_limit{.max = 1, .duration = 2s}}) == 2s);
    const queue_settings both{
        .rate = rate_limit{.max = 1, .duration = 2s}, .group = {.rate = rate_limit{.max = 1, .duration = 3s}}
    };
    CHECK(domain::longest_window(both) == 3s);
}

TEST_CASE("a setting changes its own value and leaves the others")
{
    const rate_limit rate{.max = 3, .duration = 4s};
    const group_options group{.concurrency = 5};
    queue_settings settings{.paused = true, .rests_until = new_year};
    auto expected = settings;
    const auto gives = [&](const queue_setting& setting) {
        domain::apply(settings, setting);
        return settings == expected;
    };
    expected.concurrency = 2;
    CHECK(gives(global_concurrency{.jobs = 2}));
    expected.rate = rate;
    CHECK(gives(global_rate{.rate = rate}));
    expected.group = group;
    CHECK(gives(group));
    expected.keep_events = 6;
    CHECK(gives(event_log{.events = 6}));
    expected.keep_minutes = 7;
    CHECK(gives(metrics_log{.minutes = 7}));
    const queue_setting unset[] = {global_concurrency{}, global_rate{}, group_options{}, event_log{}};
    for (const auto& setting : unset)
        domain::apply(settings, setting);
    CHECK(settings == queue_settings{.paused = true, .rests_until = new_year, .keep_minutes = 7});
}

TEST_SUITE_END();
