// The options and limits of a queue, and what its jobs have from it.
#include <chrono>
#include <optional>
#include <string>

#include "domain/validation.hpp"
#include "support/extremes.hpp"
#include "support/print.hpp"
#include "validation_fault.hpp"

using namespace cofila;
using namespace cofila::test;
using namespace std::chrono_literals;

TEST_SUITE_BEGIN("validation");

TEST_CASE("a deduplication and a group have names, and a throttle has a time")
{
    using mode = deduplication::mode;
    struct {
        const char* name;
        job_options options;
        std::string field;
    } const cases[] = {
        {"group", {.group = "g"}, ""},
        {"empty group", {.group = ""}, "group"},
        {"group too long", {.group = std::string(201, 'g')}, "group"},
        {"group with a control character", {.group = "a\nb"}, "group"},
        {"deduplication", {.dedup = deduplication{.id = "d"}}, ""},
        {"deduplication without an id", {.dedup = deduplication{}}, "dedup.id"},
        {"deduplication id too long", {.dedup = deduplication{.id = std::string(201, 'd')}}, "dedup.id"},
        {"throttle", {.dedup = deduplication{.id = "d", .how = mode::throttle, .ttl = 1ms}}, ""},
        {"longest throttle", {.dedup = deduplication{.id = "d", .how = mode::throttle, .ttl = milliseconds::max()}}, ""
        },
        {"throttle without a time", {.dedup = deduplication{.id = "d", .how = mode::throttle}}, "dedup.ttl"},
        {"extend without a time", {.dedup = deduplication{.id = "d", .how = mode::extend}}, "dedup.ttl"},
        {"throttle for less than no time",
         {.dedup = deduplication{.id = "d", .how = mode::throttle, .ttl = -1ms}},
         "dedup.ttl"},
        {"time that is not used", {.dedup = deduplication{.id = "d", .how = mode::replace, .ttl = -1ms}}, ""},
    };
    for (const auto& c : cases) {
        INFO(c.name);
        CHECK(fault_of(c.options) == c.field);
    }
}

TEST_CASE("each limit of a queue has its range, and may be taken away")
{
    const auto of_group = [](std::optional<int> jobs, bool keep_order = false) {
        return queue_setting{group_options{.concurrency = jobs, .keep_order = keep_order}};
    };
    const auto of_rate = [](int max, milliseconds duration) { return rate_limit{.max = max, .duration = duration}; };
    struct {
        const char* name;
        queue_setting setting;
        std::string field;
    } const cases[] = {
        {"no concurrency", global_concurrency{}, ""},
        {"one job", global_concurrency{.jobs = 1}, ""},
        {"many jobs", global_concurrency{.jobs = many}, ""},
        {"none at all", global_concurrency{.jobs = 0}, "global_concurrency"},
        {"less than none", global_concurrency{.jobs = -1}, "global_concurrency"},
        {"no rate", global_rate{}, ""},
        {"least rate", global_rate{.rate = of_rate(1, 1ms)}, ""},
        {"greatest rate", global_rate{.rate = of_rate(many, 366 * 24h)}, ""},
        {"rate of none", global_rate{.rate = of_rate(0, 1s)}, "rate_limit.max"},
        {"rate in no time", global_rate{.rate = of_rate(1, 0ms)}, "rate_limit.duration"},
        {"rate in too long a time", global_rate{.rate = of_rate(1, 366 * 24h + 1ms)}, "rate_limit.duration"},
        {"no limits of groups", group_options{}, ""},
        {"one job of a group", of_group(1), ""},
        {"no job of a group", of_group(0), "group.concurrency"},
        {"rate of none of a group", group_options{.rate = of_rate(0, 1s)}, "group.rate.max"},
        {"rate of a group in no time", group_options{.rate = of_rate(1, -1ms)}, "group.rate.duration"},
        {"order", of_group(1, true), ""},
        {"order of two at once", of_group(2, true), "group.keep_order"},
        {"order of any number at once", of_group({}, true), "group.keep_order"},
        {"no events", event_log{}, ""},
        {"one event", event_log{.events = 1}, ""},
        {"most events", event_log{.events = 1'000'000}, ""},
        {"none of the events", event_log{.events = 0}, "events"},
        {"too many events", event_log{.events = 1'000'001}, "events"},
        {"no minutes", metrics_log{}, ""},
        {"most minutes", metrics_log{.minutes = 44'640}, ""},
        {"none of the minutes", metrics_log{.minutes = 0}, "minutes"},
        {"too many minutes", metrics_log{.minutes = 44'641}, "minutes"},
    };
    for (const auto& c : cases) {
        INFO(c.name);
        CHECK(fault_of(c.setting) == c.field);
    }
}

TEST_CASE("the options of a queue are checked, its defaults as a job's")
{
    struct {
        const char* name;
        queue_options options;
        std::string field;
    } const cases[] = {
        {"nothing set", {}, ""},
        {"an id for every job", {.defaults = {.id = "a"}}, "defaults.id"},
        {"a default out of range", {.defaults = {.priority = -1}}, "priority"},
        {"completed", {.on_completed = retention::keep_for(-1s)}, "on_completed.age"},
        {"failed", {.on_failed = retention::keep_for(-1s)}, "on_failed.age"},
        {"smallest size limit", {.size_limit = 1}, ""},
        {"no size", {.size_limit = 0}, "size_limit"},
        {"greatest size limit", {.size_limit = std::size_t{512} << 20}, ""},
        {"size limit too great", {.size_limit = (std::size_t{512} << 20) + 1}, "size_limit"},
    };
    for (const auto& c : cases) {
        INFO(c.name);
        CHECK(fault_of(c.options) == c.field);
    }
}

TEST_CASE("what a job does not say is the queue's default, and then the built-in one")
{
    const auto built_in = domain::resolve({}, {});
    CHECK(built_in.id == std::nullopt);
    CHECK(built_in.priority == 0);
    CHECK(built_in.lifo == false);
    CHECK(built_in.delay == 0ms);
    CHECK(built_in.attempts == 1);
    CHECK((built_in.backoff == backoff::none()));
    CHECK((built_in.on_completed == retention::keep_for(24h)));
    CHECK((built_in.on_failed == retention::keep_for(24h * 7)));
    CHECK(built_in.timeout == std::nullopt);
    CHECK(built_in.ttl == std::nullopt);
    CHECK(built_in.max_stalled_count == 1);
    CHECK(built_in.max_deferrals == 1000);
    CHECK(built_in.tags.empty());
    CHECK(built_in.dedup == std::nullopt);
    CHECK(built_in.group == std::nullopt);
    CHECK(built_in.keep_logs == 1000);
    CHECK(built_in.keep_attempts == 20);

    const job_options defaults{
        .priority = 1,
        .lifo = true,
        .delay = 2s,
        .attempts = 3,
        .backoff = backoff::fixed(4s),
        .timeout = 10s,
        .ttl = 11s,
        .on_completed = retention::keep_last(5),
        .on_failed = retention::keep_last(6),
        .dedup = deduplication{.id = "d"},
        .group = "g",
        .max_stalled_count = 7,
        .max_deferrals = 12,
        .keep_logs = 8,
        .keep_attempts = 9,
        .tags = {{"k", "v"}}
    };
    const auto from_queue = domain::resolve({}, {.defaults = defaults});
    CHECK((from_queue == defaults));

    const job_options own{
        .priority = 0,
        .lifo = false,
        .delay = 0ms,
        .attempts = 1,
        .backoff = backoff::none(),
        .timeout = 1ms,
        .ttl = 1ms,
        .on_completed = retention::keep_all(),
        .on_failed = retention::remove_at_once(),
        .dedup = deduplication{.id = "own", .how = deduplication::mode::replace},
        .group = "own",
        .max_stalled_count = 0,
        .max_deferrals = 0,
        .keep_logs = 0,
        .keep_attempts = 0,
        .tags = {{"own", "tag"}}
    };
    CHECK((domain::resolve(own, {.defaults = defaults}) == own));
}

TEST_CASE("the queue's retention stands behind that of its defaults")
{
    const queue_options queue{.on_completed = retention::keep_last(1), .on_failed = retention::keep_last(2)};
    const auto options = domain::resolve({}, queue);
    CHECK((options.on_completed == retention::keep_last(1)));
    CHECK((options.on_failed == retention::keep_last(2)));
    auto with_defaults = queue;
    with_defaults.defaults.on_completed = retention::keep_last(3);
    CHECK((domain::resolve({}, with_defaults).on_completed == retention::keep_last(3)));
}

TEST_CASE("the id is the job's own and no part of its resolved options")
{
    CHECK(domain::resolve({.id = "a"}, {}).id == std::nullopt);
}

TEST_SUITE_END();
