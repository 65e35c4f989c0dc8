#include <cofila/error.hpp>

#include <chrono>
#include <cstdint>
#include <limits>
#include <string>

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
    CHECK(built_in.max_stalled_count == 1);
    CHECK(built_in.keep_logs == 1000);
    CHECK(built_in.keep_attempts == 20);

    const job_options defaults{
        .priority = 1,
        .lifo = true,
        .delay = 2s,
        .attempts = 3,
        .backoff = backoff::fixed(4s),
        .on_completed = retention::keep_last(5),
        .on_failed = retention::keep_last(6),
        .max_stalled_count = 7,
        .keep_logs = 8,
        .keep_attempts = 9
    };
    const auto from_queue = domain::resolve({}, {.defaults = defaults});
    CHECK((from_queue == defaults));

    const job_options own{
        .priority = 0,
        .lifo = false,
        .delay = 0ms,
        .attempts = 1,
        .backoff = backoff::none(),
        .on_completed = retention::keep_all(),
        .on_failed = retention::remove_at_once(),
        .max_stalled_count = 0,
        .keep_logs = 0,
        .keep_attempts = 0
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
