// What cannot be added.
#include <boost/describe/enum.hpp>

#include <cstddef>
#include <limits>
#include <string>
#include <vector>

#include "app.hpp"
#include "reading.hpp"
#include "recorder.hpp"
#include "support/nested_json.hpp"

using namespace cofila;
using namespace cofila::test;

TEST_SUITE_BEGIN("queue: adding");

namespace {

enum class mood { good, bad };
BOOST_DESCRIBE_ENUM(mood, good, bad)

}  // namespace

APP_CASE("F72: an option out of its range is refused by its name, and nothing is stored")
{
    struct refusal {
        std::string field;
        job_options options;
    };
    const refusal cases[] = {
        {"id", {.id = ""}},
        {"id", {.id = std::string(201, 'x')}},
        {"id", {.id = "a\nb"}},
        {"id", {.id = "\xFF"}},
        {"priority", {.priority = -1}},
        {"priority", {.priority = 2'097'152}},
        {"delay", {.delay = -1ms}},
        {"delay", {.delay = milliseconds::max()}},
        {"delay", {.delay = milliseconds::min()}},
        {"attempts", {.attempts = 0}},
        {"attempts", {.attempts = std::numeric_limits<int>::min()}},
        {"backoff.delay", {.backoff = backoff::fixed(-1ms)}},
        {"backoff.max", {.backoff = backoff{.max = -1ms}}},
        {"backoff.jitter", {.backoff = backoff{.jitter = 1.001}}},
        {"backoff.jitter", {.backoff = backoff{.jitter = std::nan("")}}},
        {"on_completed.age", {.on_completed = retention::keep_for(-1s)}},
        {"on_failed.age", {.on_failed = retention::keep_for(seconds::max())}},
        {"max_stalled_count", {.max_stalled_count = -1}},
        {"keep_logs", {.keep_logs = -1}},
        {"keep_attempts", {.keep_attempts = -1}},
    };
    auto queue = a.engine.queue("q");
    recorder events{queue.events()};
    for (const auto& c : cases) {
        INFO(c.field);
        auto options = c.options;
        const auto e = co_await error_of(queue.add("x", nullptr, std::move(options)));
        CHECK(e.code == errc::invalid_argument);
        CHECK(e.field == c.field);
        CHECK(e.text.starts_with(c.field + " "));
    }
    for (const auto& name : {std::string{}, std::string(201, 'n'), std::string{"a\tb"}, std::string{"\xC0\x80"}}) {
        INFO(name);
        const auto e = co_await error_of(queue.add(name, nullptr));
        CHECK(e.code == errc::invalid_argument);
        CHECK(e.field == "name");
    }
    co_await settle();
    CHECK(events.take() == lines{});
    const auto counts = co_await queue.get_job_counts();
    CHECK(counts == job_counts{});
    CHECK(a.store->calls(op::add) == 0);
}

APP_CASE("the limits of the options are accepted")
{
    auto queue = a.engine.queue("q");
    const job_options cases[] = {
        {.id = std::string(200, 'x')},
        {.id = "\xE2\x82\xAC '; drop table jobs"},
        {.priority = 2'097'151},
        {.delay = 0ms},
        {.delay = milliseconds::max() - manual_clock::start.time_since_epoch()},
        {.attempts = std::numeric_limits<int>::max()},
        {.backoff = backoff{.delay = milliseconds::max(), .max = milliseconds::max(), .jitter = 1}},
        {.max_stalled_count = 0, .keep_logs = 0, .keep_attempts = 0},
    };
    for (auto options : cases) {
        const auto e = co_await error_of(queue.add(std::string(200, 'n'), nullptr, std::move(options)));
        CHECK(e.text == "");
    }
    const auto counts = co_await queue.get_job_counts();
    CHECK(counts == job_counts{.waiting = 7, .delayed = 1});
}

APP_CASE("F67: data of the size limit is stored, one byte more is refused")
{
    auto queue = a.engine.queue<std::string>("q", {.size_limit = 10});
    const auto at_limit = co_await queue.add("x", std::string(8, 'x'), {.id = "a"});
    CHECK(at_limit.data() == "xxxxxxxx");
    const auto e = co_await error_of(queue.add("x", std::string(9, 'x')));
    CHECK(e.code == errc::payload_too_large);
    CHECK(e.text.find("data has 11 bytes") == 0);
    CHECK(e.text.find("limit is 10") != std::string::npos);
    const auto counts = co_await queue.get_job_counts();
    CHECK(counts == job_counts{.waiting = 1});
}

APP_CASE("F70: numbers that are not finite are refused")
{
    auto queue = a.engine.queue<reading>("q");
    const double infinite = std::numeric_limits<double>::infinity();
    for (const double value : {std::nan(""), infinite, -infinite}) {
        reading data{.value = value};
        const auto e = co_await error_of(queue.add("x", std::move(data)));
        CHECK(e.code == errc::invalid_argument);
        CHECK(e.field == "data");
    }
    auto raw = a.engine.queue<raw_json>("raw");
    for (const std::string text : {"1e999", "[1,-1e400]", "NaN", "Infinity"}) {
        raw_json data{.text = text};
        const auto e = co_await error_of(raw.add("x", std::move(data)));
        INFO(text);
        CHECK(e.code == errc::invalid_argument);
        CHECK(e.field == "data");
    }
    reading largest{.value = std::numeric_limits<double>::max()};
    const auto stored_job = co_await queue.add("x", std::move(largest));
    CHECK(stored_job.data().value == std::numeric_limits<double>::max());
}

APP_CASE("F68: text that is not UTF-8 is refused, and the place is named")
{
    auto queue = a.engine.queue<reading>("q");
    for (const std::string note : {"\xFF", "ab\x80", "\xED\xA0\x80", "\xC0\xAF", "\xF4\x90\x80\x80"}) {
        reading data{.note = note};
        const auto e = co_await error_of(queue.add("x", std::move(data)));
        CHECK(e.code == errc::invalid_argument);
        CHECK(e.field == "data");
        CHECK(e.text.find("at byte ") != std::string::npos);
    }
    auto raw = a.engine.queue<raw_json>("raw");
    raw_json with_mark{.text = "\xEF\xBB\xBF{}"};
    const auto e = co_await error_of(raw.add("x", std::move(with_mark)));
    CHECK(e.code == errc::invalid_argument);
}

APP_CASE("F69: 64 levels are stored, 65 are refused")
{
    auto queue = a.engine.queue<raw_json>("q");
    raw_json deep{.text = nested_json(64)};
    co_await queue.add("x", std::move(deep));
    for (const std::size_t levels : {65U, 100'000U}) {
        raw_json too_deep{.text = nested_json(levels)};
        const auto e = co_await error_of(queue.add("x", std::move(too_deep)));
        CHECK(e.code == errc::invalid_argument);
        CHECK(e.field == "data");
    }
}

APP_CASE("F74: one bad element of a bulk fails it all and is named by its index")
{
    auto queue = a.engine.queue<std::string>("q", {.size_limit = 10});
    recorder events{queue.events()};
    struct refusal {
        job_spec<std::string> bad;
        boost::system::error_code code;
        std::string field;
        std::string text;
    };
    const refusal cases[] = {
        {{.name = "", .data = ""}, errc::invalid_argument, "[2].name", "[2].name must have"},
        {{.name = "x", .data = "\xFF"}, errc::invalid_argument, "[2].data", "[2].data is not JSON"},
        {{.name = "x", .data = std::string(9, 'x')}, errc::payload_too_large, "", "[2].data has 11 bytes"},
        {{.name = "x", .data = "", .options = {.priority = -1}},
         errc::invalid_argument,
         "[2].priority",
         "[2].priority must be"},
        {{.name = "x", .data = "", .options = {.delay = milliseconds::max()}},
         errc::invalid_argument,
         "[2].delay",
         "[2].delay is too long"},
    };
    for (const auto& c : cases) {
        INFO(c.text);
        std::vector<job_spec<std::string>> jobs(5, {.name = "fine", .data = "d"});
        jobs[2] = c.bad;
        const auto e = co_await error_of(queue.add_bulk(std::move(jobs)));
        CHECK(e.code == c.code);
        CHECK(e.field == c.field);
        CHECK(e.text.starts_with(c.text));
    }
    co_await settle();
    CHECK(events.take() == lines{});
    CHECK(a.store->calls(op::add) == 0);
}

APP_CASE("data that cannot be encoded is refused, and nothing is stored")
{
    auto queue = a.engine.queue<std::vector<mood>>("q");
    const std::vector<mood> bad{mood::good, static_cast<mood>(-3)};
    const auto alone = co_await error_of(queue.add("x", bad));
    CHECK(alone.code == errc::invalid_argument);
    CHECK(alone.field == "data");
    CHECK(alone.text == "data cannot be stored: $[1] is -3, which is none of the enumeration's names");
    std::vector<job_spec<std::vector<mood>>> jobs(3, {.name = "x"});
    jobs[1].data = bad;
    const auto together = co_await error_of(queue.add_bulk(std::move(jobs)));
    CHECK(together.code == errc::invalid_argument);
    CHECK(together.field == "[1].data");
    CHECK(a.store->calls(op::add) == 0);
}

APP_CASE("an error of the store reaches the caller of add, and no event is emitted")
{
    auto queue = a.engine.queue("q");
    recorder events{queue.events()};
    a.store->fail(op::add, 1, errc::storage_full);
    const auto e = co_await error_of(queue.add("x", nullptr));
    CHECK(e.code == errc::storage_full);
    co_await settle();
    CHECK(events.take() == lines{});
}

TEST_SUITE_END();
