#include <cofila/error.hpp>

#include <chrono>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>

#include "domain/validation.hpp"
#include "support/error_of.hpp"
#include "support/extremes.hpp"
#include "support/print.hpp"
#include "validation_fault.hpp"

using namespace cofila;
using namespace cofila::test;
using namespace std::chrono_literals;

TEST_SUITE_BEGIN("validation");

TEST_CASE("names are 1 to 200 bytes of UTF-8 without control characters")
{
    struct {
        const char* what;
        std::string text;
        bool good;
    } const cases[] = {
        {"one byte", "a", true},
        {"200 bytes", std::string(200, 'x'), true},
        {"spaces and quotes", " it's \"x\" ", true},
        {"UTF-8", "\xC3\xA9\xF0\x9F\x98\x80", true},
        {"200 bytes of UTF-8",
         [] {
             std::string s;
             for (int i = 0; i < 50; ++i)
                 s += "\xF0\x9F\x98\x80";
             return s;
         }(),
         true},
        {"empty", "", false},
        {"201 bytes", std::string(201, 'x'), false},
        {"201 bytes, 101 characters",
         [] {
             std::string s{"x"};
             for (int i = 0; i < 100; ++i)
                 s += "\xC3\xA9";
             return s;
         }(),
         false},
        {"NUL", std::string("a\0b", 3), false},
        {"line feed", "a\nb", false},
        {"tab", "\t", false},
        {"unit separator", "\x1F", false},
        {"delete", "\x7F", false},
        {"control sequence introducer", "\xC2\x9B", false},
        {"the last of the upper control characters", "\xC2\x9F", false},
        {"a space that does not break", "\xC2\xA0", true},
        {"Latin-1", "\xE9", false},
        {"cut off", "a\xC3", false},
        {"surrogate", "\xED\xA0\x80", false},
    };
    for (const auto& c : cases) {
        INFO(c.what);
        const auto e = error_of([&] { domain::check_name("id", c.text); });
        CHECK((e.code == errc::invalid_argument) != c.good);
        CHECK(e.field == (c.good ? "" : "id"));
    }
}

TEST_CASE("each option has its range, and the error names it")
{
    struct {
        const char* name;
        job_options options;
        std::string field;  // empty: good
    } const cases[] = {
        {"nothing set", {}, ""},
        {"id", {.id = "a"}, ""},
        {"empty id", {.id = ""}, "id"},
        {"id too long", {.id = std::string(201, 'x')}, "id"},
        {"id with a control character", {.id = "a\rb"}, "id"},
        {"priority 0", {.priority = 0}, ""},
        {"greatest priority", {.priority = 2'097'151}, ""},
        {"priority -1", {.priority = -1}, "priority"},
        {"priority past the greatest", {.priority = 2'097'152}, "priority"},
        {"no delay", {.delay = 0ms}, ""},
        {"negative delay", {.delay = -1ms}, "delay"},
        {"longest delay", {.delay = milliseconds::max()}, ""},  // whether it is a date is seen when it is added
        {"1 attempt", {.attempts = 1}, ""},
        {"many attempts", {.attempts = many}, ""},
        {"no attempt", {.attempts = 0}, "attempts"},
        {"negative attempts", {.attempts = -5}, "attempts"},
        {"backoff", {.backoff = backoff::exponential(1s)}, ""},
        {"negative backoff", {.backoff = backoff::fixed(-1ms)}, "backoff.delay"},
        {"backoff without room", {.backoff = backoff{.max = 0ms}}, ""},
        {"negative max of a backoff", {.backoff = backoff{.max = -1ms}}, "backoff.max"},
        {"jitter 0", {.backoff = backoff{.jitter = 0}}, ""},
        {"jitter 1", {.backoff = backoff{.jitter = 1}}, ""},
        {"jitter below 0", {.backoff = backoff{.jitter = -0.001}}, "backoff.jitter"},
        {"jitter above 1", {.backoff = backoff{.jitter = 1.001}}, "backoff.jitter"},
        {"jitter that is no number", {.backoff = backoff{.jitter = not_a_number}}, "backoff.jitter"},
        {"keep none of the completed", {.on_completed = retention::keep_for(0s)}, ""},
        {"completed, negative age", {.on_completed = retention::keep_for(-1s)}, "on_completed.age"},
        {"failed, negative age", {.on_failed = retention::keep_for(-1s)}, "on_failed.age"},
        {"failed, greatest age", {.on_failed = retention::keep_for(seconds{10'000LL * 366 * 24 * 3600})}, ""},
        {"failed, an age too great", {.on_failed = retention::keep_for(seconds::max())}, "on_failed.age"},
        {"count 0", {.on_completed = retention::keep_last(0)}, ""},
        {"greatest count", {.on_completed = retention::keep_last(std::numeric_limits<std::int64_t>::max())}, ""},
        {"count too great",
         {.on_completed = retention::keep_last(std::numeric_limits<std::size_t>::max())},
         "on_completed.count"},
        {"no rescues", {.max_stalled_count = 0}, ""},
        {"negative rescues", {.max_stalled_count = -1}, "max_stalled_count"},
        {"most rescues", {.max_stalled_count = many - 1}, ""},
        {"rescues that could not be counted", {.max_stalled_count = many}, "max_stalled_count"},
        {"a timeout", {.timeout = 1ms}, ""},
        {"longest timeout", {.timeout = milliseconds::max()}, ""},
        {"no time at all", {.timeout = 0ms}, "timeout"},
        {"negative timeout", {.timeout = -1ms}, "timeout"},
        {"a time to live", {.ttl = 1ms}, ""},
        {"longest time to live", {.ttl = milliseconds::max()}, ""},  // whether it is a date is seen when it is added
        {"no time to live", {.ttl = 0ms}, "ttl"},
        {"negative time to live", {.ttl = milliseconds::min()}, "ttl"},
        {"no deferrals", {.max_deferrals = 0}, ""},
        {"negative deferrals", {.max_deferrals = -1}, "max_deferrals"},
        {"most deferrals", {.max_deferrals = many - 1}, ""},
        {"deferrals that could not be counted", {.max_deferrals = many}, "max_deferrals"},
        {"a strategy", {.backoff = backoff::custom("mine")}, ""},
        {"a strategy without a name", {.backoff = backoff::custom("")}, "backoff.name"},
        {"a strategy with too long a name", {.backoff = backoff::custom(std::string(201, 'x'))}, "backoff.name"},
        {"a name that nothing asks for", {.backoff = backoff{.type = backoff::kind::fixed, .name = "\n"}}, ""},
        {"no logs", {.keep_logs = 0}, ""},
        {"negative logs", {.keep_logs = -1}, "keep_logs"},
        {"no kept attempts", {.keep_attempts = 0}, ""},
        {"negative kept attempts", {.keep_attempts = -1}, "keep_attempts"},
    };
    for (const auto& c : cases) {
        INFO(c.name);
        CHECK(fault_of(c.options) == c.field);
    }
}

TEST_CASE("a job has at most 32 tags, whose keys and values are as names")
{
    const auto tagged = [](int count) {
        job_options options;
        for (int i = 0; i < count; ++i)
            options.tags.emplace("key " + std::to_string(i), "value");
        return options;
    };
    struct {
        const char* name;
        job_options options;
        std::string field;
    } const cases[] = {
        {"none", {}, ""},
        {"most", tagged(32), ""},
        {"too many", tagged(33), "tags"},
        {"no key", {.tags = {{"", "v"}}}, "tags"},
        {"a key with a line feed", {.tags = {{"a\n", "v"}}}, "tags"},
        {"a key too long", {.tags = {{std::string(201, 'k'), "v"}}}, "tags"},
        {"no value", {.tags = {{"k", ""}}}, "tags['k']"},
        {"a value that is no text", {.tags = {{"k", "\xFF"}}}, "tags['k']"},
        {"a value too long", {.tags = {{"k", std::string(201, 'v')}}}, "tags['k']"},
        {"the longest of both", {.tags = {{std::string(200, 'k'), std::string(200, 'v')}}}, ""},
    };
    for (const auto& c : cases) {
        INFO(c.name);
        CHECK(fault_of(c.options) == c.field);
    }
}

TEST_CASE("an error starts with the field and says what was wrong with it")
{
    const auto e = error_of([] { domain::check(job_options{.priority = 2'097'152}); });
    CHECK(e.text == "priority must be between 0 and 2097151, not 2097152");
}

TEST_CASE("a delay is added to a time where the sum is a time")
{
    static constexpr time_point at = std::chrono::sys_days{std::chrono::year{2030} / 1 / 1};
    CHECK(domain::add_delay("delay", at, 0ms) == at);
    CHECK(domain::add_delay("delay", at, 1ms) == at + 1ms);
    CHECK(domain::add_delay("delay", at, time_point::max() - at) == time_point::max());
    CHECK(domain::add_delay("delay", time_point::max(), 0ms) == time_point::max());
    CHECK(domain::add_delay("delay", time_point{-1ms}, milliseconds::max()) == time_point::max() - 1ms);
    CHECK(domain::add_delay("delay", time_point::min(), milliseconds::max()) == time_point{-1ms});
    for (const auto& [from, wait] :
         {std::pair{at, milliseconds::max()}, {at, time_point::max() - at + 1ms}, {time_point::max(), milliseconds{1}}
         }) {
        const auto e = error_of([&] { domain::add_delay("delay", from, wait); });
        CHECK(e.code == errc::invalid_argument);
        CHECK(e.field == "delay");
    }
}

TEST_SUITE_END();
