#include <cofila/error.hpp>

#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>

#include "domain/validation.hpp"
#include "support/error_of.hpp"
#include "support/print.hpp"

using namespace cofila;
using namespace cofila::test;
using namespace std::chrono_literals;

TEST_SUITE_BEGIN("validation");

namespace {

constexpr int many = std::numeric_limits<int>::max();
constexpr auto not_a_number = std::numeric_limits<double>::quiet_NaN();

/// The field at fault; "" where nothing is.
template <class T>
std::string fault_of(const T& value)
{
    const auto e = error_of([&] { domain::check(value); });
    if (e.code)
        CHECK(e.code == errc::invalid_argument);
    return e.field;
}

}  // namespace

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

TEST_CASE("what many jobs are to be changed by is checked")
{
    constexpr auto no_state = static_cast<job_state>(77);
    CHECK(fault_of(job_filter{}) == "");
    CHECK(fault_of(job_filter{.state = job_state::active}) == "");
    CHECK(fault_of(job_filter{.state = no_state}) == "state");
    for (const auto state :
         {job_state::waiting, job_state::delayed, job_state::waiting_children, job_state::completed, job_state::failed})
        CHECK(fault_of(clean_request{.state = state}) == "");
    CHECK(fault_of(clean_request{.state = job_state::active}) == "state");
    CHECK(fault_of(clean_request{.state = no_state}) == "state");
    CHECK(fault_of(clean_request{.grace = milliseconds::max()}) == "");
    CHECK(fault_of(clean_request{.grace = -1ms}) == "grace");
    CHECK(fault_of(retry_request{}) == "");
    CHECK(fault_of(retry_request{.state = job_state::completed}) == "");
    for (const auto state :
         {job_state::waiting, job_state::delayed, job_state::active, job_state::waiting_children, no_state})
        CHECK(fault_of(retry_request{.state = state}) == "state");
}

TEST_CASE("the change of one job is checked")
{
    struct {
        const char* name;
        job_change change;
        std::string field;
    } const cases[] = {
        {"no delay", new_delay{}, ""},
        {"longest delay", new_delay{.wait = milliseconds::max()}, ""},
        {"negative delay", new_delay{.wait = -1ms}, "delay"},
        {"least priority", new_priority{.priority = 2'097'151}, ""},
        {"priority -1", new_priority{.priority = -1}, "priority"},
        {"priority past the greatest", new_priority{.priority = 2'097'152}, "priority"},
        {"removal", removal{}, ""},
        {"promotion", promotion{}, ""},
        {"retrial", retrial{}, ""},
        {"cancellation", cancellation{.why = "\xFF"}, ""},
    };
    for (const auto& c : cases) {
        INFO(c.name);
        CHECK(fault_of(c.change) == c.field);
    }
}

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

TEST_CASE("an error starts with the field and says what was wrong with it")
{
    const auto e = error_of([] { domain::check(job_options{.priority = 2'097'152}); });
    CHECK(e.text == "priority must be between 0 and 2097151, not 2097152");
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

TEST_CASE("a claim asks for 1 to 10,000 jobs for at most a year")
{
    struct {
        const char* name;
        claim_request request;
        std::string field;
    } const cases[] = {
        {"default", {}, ""},
        {"one", {.limit = 1}, ""},
        {"most", {.limit = 10'000}, ""},
        {"none", {.limit = 0}, "limit"},
        {"too many", {.limit = 10'001}, "limit"},
        {"shortest lock", {.lock_duration = 1ms}, ""},
        {"no lock", {.lock_duration = 0ms}, "lock_duration"},
        {"negative lock", {.lock_duration = -1ms}, "lock_duration"},
        {"longest lock", {.lock_duration = 366 * 24h}, ""},
        {"lock too long", {.lock_duration = 366 * 24h + 1ms}, "lock_duration"},
        {"named worker", {.worker_id = "host:1"}, ""},
        {"worker with a line feed", {.worker_id = "a\n"}, "worker_id"},
        {"worker with too long a name", {.worker_id = std::string(201, 'w')}, "worker_id"},
        {"longest wait", {.wait = milliseconds::max()}, ""},
        {"negative wait", {.wait = -1ms}, "wait"},
    };
    for (const auto& c : cases) {
        INFO(c.name);
        CHECK(fault_of(c.request) == c.field);
    }
}

TEST_CASE("a page has 1 to 1,000 items")
{
    CHECK(fault_of(page_request{.limit = 1}) == "");
    CHECK(fault_of(page_request{.limit = 1000}) == "");
    CHECK(fault_of(page_request{.limit = 0}) == "limit");
    CHECK(fault_of(page_request{.limit = 1001}) == "limit");
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
