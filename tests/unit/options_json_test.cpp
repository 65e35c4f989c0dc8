#include <cofila/error.hpp>

#include <chrono>
#include <cstdint>
#include <limits>
#include <string>

#include "domain/options_json.hpp"
#include "domain/validation.hpp"
#include "support/error_of.hpp"
#include "support/extremes.hpp"
#include "support/print.hpp"

using namespace cofila;
using namespace cofila::test;
using namespace std::chrono_literals;

TEST_SUITE_BEGIN("options_json");

namespace {

job_options resolved(job_options options) { return domain::resolve(options, {}); }

/// What another program, or another version, wrote.
thrown_error reading(std::string text)
{
    return error_of([&] { domain::options_from_json(text); });
}

}  // namespace

TEST_CASE("options come back as they were stored")
{
    const job_options cases[] = {
        {},
        {.priority = 2'097'151, .lifo = true, .attempts = many},
        {.backoff = backoff::none()},
        {.backoff = backoff::fixed(1500ms)},
        {.backoff = backoff::exponential(1s)},
        {.backoff =
             backoff{
                 .type = backoff::kind::exponential,
                 .delay = milliseconds::max(),
                 .max = milliseconds::max(),
                 .jitter = 0.1
             }},
        {.backoff = backoff{.type = backoff::kind::fixed, .delay = 1ms, .max = 0ms, .jitter = 1.0 / 3}},
        {.on_completed = retention::keep_all(), .on_failed = retention::remove_at_once()},
        {.on_completed = retention::keep_for(0s), .on_failed = retention::keep_last(0)},
        {.on_completed = retention{.remove = true, .age = seconds{10'000LL * 366 * 24 * 3600}, .count = 1},
         .on_failed = retention::keep_last(std::numeric_limits<std::int64_t>::max())},
        {.max_stalled_count = many - 1, .keep_logs = 0, .keep_attempts = many},
        {.dedup = deduplication{.id = "d"}, .group = "g"},
        {.dedup = deduplication{.id = "\xE2\x82\xAC", .how = deduplication::mode::throttle, .ttl = milliseconds::max()}
        },
        {.dedup = deduplication{.id = "d", .how = deduplication::mode::extend, .ttl = 1ms}},
        {.dedup = deduplication{.id = "d", .how = deduplication::mode::replace}},
        {.dedup = deduplication{.id = "d", .how = deduplication::mode::keep_last}},
        {.timeout = 1ms, .ttl = milliseconds::max(), .max_deferrals = 0},
        {.timeout = milliseconds::max(), .ttl = 1ms, .max_deferrals = many - 1},
        {.backoff = backoff{.type = backoff::kind::custom, .delay = 5s, .jitter = 0.5, .name = "of mine"}},
        {.tags = {{"tenant", "a"}, {"it's \"quoted\"", "\xF0\x9F\x98\x80"}}},
    };
    for (const auto& options : cases) {
        const auto text = domain::options_to_json(resolved(options));
        INFO(text);
        CHECK((domain::options_from_json(text) == resolved(options)));
    }
}

TEST_CASE("id and delay are the job's own and are not in the stored options")
{
    const auto text = domain::options_to_json(resolved({.id = "a", .delay = 5s}));
    CHECK(text == domain::options_to_json(resolved({})));
    CHECK(domain::options_from_json(text).delay == 0ms);
}

TEST_CASE("the stored form is this one, for every version to read")
{
    const auto options = resolved({
        .priority = 3,
        .lifo = true,
        .attempts = 5,
        .backoff = backoff{.type = backoff::kind::exponential, .delay = 1s, .max = 60s, .jitter = 0.5},
        .on_completed = retention{.remove = true, .age = 1s, .count = 2},
        .on_failed = retention::keep_all(),
    });
    CHECK(
        domain::options_to_json(options) ==
        R"({"priority":3,"lifo":true,"attempts":5,"backoff":{"type":"exponential","delay":1000,"max":60000,"jitter":5E-1},)"
        R"("on_completed":{"remove":true,"age":1,"count":2},"on_failed":{},"max_stalled_count":1,"keep_logs":1000,"keep_attempts":20})"
    );
}

TEST_CASE("what most jobs do not have is stored of those that have it")
{
    const auto text = domain::options_to_json(resolved({
        .backoff = backoff::custom("mine"),
        .timeout = 5s,
        .ttl = 1h,
        .dedup = deduplication{.id = "d", .how = deduplication::mode::keep_last, .ttl = 7ms},
        .group = "g",
        .max_deferrals = 3,
        .tags = {{"b", "2"}, {"a", "1"}},
    }));
    for (const auto* part :
         {R"("backoff":{"type":"custom","delay":0,"max":3600000,"jitter":0E0,"name":"mine"})",
          R"("timeout":5000)",
          R"("ttl":3600000)",
          R"("max_deferrals":3)",
          R"("dedup":{"id":"d","mode":"keep_last","ttl":7})",
          R"("group":"g")",
          R"("tags":{"a":"1","b":"2"})"}) {
        INFO(part);
        CHECK(text.find(part) != std::string::npos);
    }
    const auto without = domain::options_to_json(resolved({.max_deferrals = 1000}));
    for (const auto* name : {"timeout", "ttl", "max_deferrals", "dedup", "group", "tags", "name"})
        CHECK(without.find(name) == std::string::npos);
}

TEST_CASE("what is absent has its built-in default, what is unknown is ignored")
{
    CHECK((domain::options_from_json("{}") == resolved({})));
    CHECK((domain::options_from_json(R"({"attempts":4})") == resolved({.attempts = 4})));
    CHECK(
        (domain::options_from_json(R"({"attempts":4,"of tomorrow":5,"object":{"id":"x"},"list":[]})") ==
         resolved({.attempts = 4}))
    );
    CHECK(
        (domain::options_from_json(R"({"on_completed":{"age":1,"unknown":true}})") ==
         resolved({.on_completed = retention::keep_for(1s)}))
    );
    const auto backoff =
        domain::options_from_json(R"({"backoff":{"type":"of tomorrow","delay":1,"max":2,"jitter":0,"name":"x"}})")
            .backoff;
    REQUIRE(backoff.has_value());
    CHECK((backoff->type == backoff::kind::none));
}

TEST_CASE("a way to deduplicate that is of tomorrow is read as the simplest")
{
    const auto options = domain::options_from_json(R"({"dedup":{"id":"x","mode":"of tomorrow","ttl":5}})");
    CHECK((options.dedup == deduplication{.id = "x", .ttl = 5ms}));
}

TEST_CASE("numbers are read in any form that JSON has for them")
{
    CHECK(domain::options_from_json(R"({"attempts":4.0})").attempts == 4);
    CHECK(domain::options_from_json(R"({"attempts":4e0})").attempts == 4);
    CHECK(
        domain::options_from_json(R"({"backoff":{"type":"fixed","delay":1,"max":2,"jitter":1}})").backoff->jitter == 1
    );
}

TEST_CASE("text that no version wrote is corrupt storage")
{
    const char* const texts[] = {
        "",
        "null",
        "[]",
        "1",
        "{",
        "{} x",
        R"({"attempts":"4"})",
        R"({"attempts":4.5})",
        R"({"attempts":99999999999})",
        R"({"attempts":0})",
        R"({"priority":-1})",
        R"({"lifo":1})",
        R"({"backoff":null})",
        R"({"backoff":{}})",
        R"({"backoff":{"type":1,"delay":1,"max":1,"jitter":0}})",
        R"({"backoff":{"type":"fixed","delay":-1,"max":1,"jitter":0}})",
        R"({"backoff":{"type":"fixed","delay":1,"max":1,"jitter":2}})",
        R"({"backoff":{"type":"fixed","delay":1,"max":1,"jitter":1e999}})",
        R"({"on_failed":[]})",
        R"({"on_failed":{"age":-1}})",
        R"({"on_failed":{"count":-1}})",
        R"({"keep_logs":-1})",
        R"({"timeout":0})",
        R"({"timeout":"5"})",
        R"({"ttl":-1})",
        R"({"max_deferrals":-1})",
        R"({"max_deferrals":2147483647})",
        R"({"dedup":"x"})",
        R"({"dedup":{"id":"x"}})",
        R"({"dedup":{"id":"","mode":"replace","ttl":0}})",
        R"({"dedup":{"id":"x","mode":"throttle","ttl":0}})",
        R"({"dedup":{"id":"x","mode":5,"ttl":0}})",
        R"({"group":""})",
        R"({"group":5})",
        R"({"tags":[]})",
        R"({"tags":{"a":1}})",
        R"({"tags":{"":"a"}})",
        R"({"backoff":{"type":"custom","delay":1,"max":1,"jitter":0}})",
        R"({"backoff":{"type":"custom","delay":1,"max":1,"jitter":0,"name":5}})",
    };
    for (const auto* text : texts) {
        INFO(text);
        const auto e = reading(text);
        CHECK(e.code == errc::storage_corrupt);
        CHECK(e.field == "");
    }
}

TEST_CASE("the error says what was wrong with the text")
{
    CHECK(reading(R"({"attempts":0})").text.find("attempts must be") != std::string::npos);
}

TEST_CASE("equal texts share one set of options")
{
    domain::options_cache cache;
    const std::string first = domain::options_to_json(resolved({.attempts = 2}));
    const std::string second = domain::options_to_json(resolved({.attempts = 3}));
    const auto a = cache.parse(first);
    const auto b = cache.parse(second);
    CHECK(a->attempts == 2);
    CHECK(b->attempts == 3);
    CHECK(cache.parse(first) == a);
    CHECK(cache.parse(second) == b);
}

TEST_CASE("texts of more than a megabyte are not remembered")
{
    domain::options_cache cache;
    const auto first = cache.parse(R"({"attempts":2})");
    for (int i = 0; i < 11; ++i)
        cache.parse(R"({"attempts":3,"unknown":")" + std::string(100'000, static_cast<char>('a' + i)) + "\"}");
    const auto again = cache.parse(R"({"attempts":2})");
    CHECK(again != first);
    CHECK(again->attempts == 2);
}

TEST_CASE("options may be shared unless something in them may be another for each job")
{
    CHECK(domain::may_be_shared({}));
    CHECK(domain::may_be_shared({.priority = 3, .attempts = 5, .timeout = 1s}));
    CHECK_FALSE(domain::may_be_shared({.group = "g"}));
    CHECK_FALSE(domain::may_be_shared({.dedup = deduplication{.id = "d"}}));
    CHECK_FALSE(domain::may_be_shared({.tags = {{"key", "value"}}}));
}

TEST_CASE("a text that cannot be read leaves the cache as it was")
{
    domain::options_cache cache;
    const auto a = cache.parse(R"({"attempts":2})");
    CHECK_THROWS_AS(cache.parse("{"), error);
    CHECK(cache.parse(R"({"attempts":2})") == a);
    domain::options_cache fresh;
    CHECK_THROWS_AS(fresh.parse(""), error);
}

TEST_SUITE_END();
