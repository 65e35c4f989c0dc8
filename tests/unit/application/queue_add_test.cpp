#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "app.hpp"
#include "recorder.hpp"

using namespace cofila;
using namespace cofila::test;

TEST_SUITE_BEGIN("queue: adding");

namespace {

struct reading {
    double value = 0;
    std::string note{};
};
BOOST_DESCRIBE_STRUCT(reading, (), (value, note))

enum class mood { good, bad };
BOOST_DESCRIBE_ENUM(mood, good, bad)

/// What the store has of the queue's job.
asio::awaitable<std::string> data_of(app& a, std::string queue, job_id id)
{
    const auto job = co_await stored(a, std::move(queue), std::move(id));
    co_return job.data;
}

std::string nested(int levels)
{
    return std::string(static_cast<std::size_t>(levels), '[') + std::string(static_cast<std::size_t>(levels), ']');
}

}  // namespace

APP_CASE("a job is stored when add returns, and the handle tells what is stored")
{
    auto queue = a.engine.queue<std::vector<int>, int>("q");
    std::vector<int> data{1, 2};
    const auto job = co_await queue.add("sum", std::move(data), {.id = "a", .priority = 3, .attempts = 2});
    CHECK(job.id() == "a");
    CHECK(job.name() == "sum");
    CHECK(job.queue_name() == "q");
    CHECK(job.data() == std::vector<int>{1, 2});
    CHECK(job.state() == job_state::waiting);
    CHECK(job.timestamp() == a.at(0ms));
    CHECK(job.attempts_made() == 0);
    CHECK(job.attempts_started() == 0);
    CHECK(job.stalled_count() == 0);
    CHECK_FALSE(job.run_at());
    CHECK_FALSE(job.processed_at());
    CHECK_FALSE(job.finished_at());
    CHECK_FALSE(job.result());
    CHECK(job.progress().is_null());
    CHECK(job.failed_reason().empty());
    CHECK(job.attempts().empty());
    CHECK_FALSE(job.cancelled());
    CHECK_FALSE(job.duplicate);

    const auto now = co_await stored(a, "q", "a");
    CHECK(now.data == "[1,2]");
    CHECK(now.priority == 3);
    CHECK(now.state == job_state::waiting);
    CHECK(*now.options->attempts == 2);
}

APP_CASE("a generated id is a UUID of version 8, by which the job is found, and later ones are greater")
{
    auto queue = a.engine.queue("q");
    std::vector<job_id> made;
    for (int i = 0; i < 5; ++i) {
        const auto job = co_await queue.add("x", nullptr);
        made.push_back(job.id());
        REQUIRE(job.id().str().size() == 36);
        CHECK(job.id().str()[14] == '8');
        const auto found = co_await queue.get_job(job.id());
        CHECK(found);
        if (i == 2)
            a.clock->step_wall(-1h);
    }
    for (std::size_t i = 1; i < made.size(); ++i)
        CHECK(made[i - 1] < made[i]);
}

APP_CASE("what a job does not say is taken from the queue, and else is the built-in value")
{
    auto plain = a.engine.queue("plain");
    const auto built_in = co_await plain.add("x", nullptr);
    const job_options expected{
        .priority = 0,
        .lifo = false,
        .delay = 0ms,
        .attempts = 1,
        .backoff = backoff::none(),
        .on_completed = retention::keep_for(24h),
        .on_failed = retention::keep_for(168h),
        .max_stalled_count = 1,
        .max_deferrals = 1000,
        .keep_logs = 1000,
        .keep_attempts = 20
    };
    CHECK(built_in.options() == expected);

    const queue_options own{
        .defaults = {.priority = 7, .attempts = 3, .backoff = backoff::fixed(1s), .on_failed = retention::keep_all()},
        .on_completed = retention::remove_at_once(),
        .on_failed = retention::keep_last(9)
    };
    auto queue = a.engine.queue("own", own);
    const auto job = co_await queue.add("x", nullptr, {.priority = 0, .keep_logs = 5});
    CHECK(job.options().priority == 0);
    CHECK(job.options().attempts == 3);
    CHECK(job.options().backoff == backoff::fixed(1s));
    CHECK(job.options().on_completed == retention::remove_at_once());
    CHECK(job.options().on_failed == retention::keep_all());
    CHECK(job.options().keep_logs == 5);
    CHECK(job.options().keep_attempts == 20);

    // The options of the one before are not those of the next.
    const auto next = co_await queue.add("x", nullptr, {.attempts = 8});
    CHECK(next.options().priority == 7);
    CHECK(next.options().attempts == 8);
    CHECK(next.options().keep_logs == 1000);
}

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
    raw_json deep{.text = nested(64)};
    co_await queue.add("x", std::move(deep));
    for (const int levels : {65, 100'000}) {
        raw_json too_deep{.text = nested(levels)};
        const auto e = co_await error_of(queue.add("x", std::move(too_deep)));
        CHECK(e.code == errc::invalid_argument);
        CHECK(e.field == "data");
    }
}

APP_CASE("raw_json is stored and delivered digit for digit")
{
    auto queue = a.engine.queue<raw_json>("q");
    const std::string text = R"( { "n" : 1.000, "big": 12345678901234567890123, "n": -0 } )";
    raw_json data{.text = text};
    co_await queue.add("x", std::move(data), {.id = "a"});
    const auto data_now = co_await data_of(a, "q", "a");
    CHECK(data_now == text);
    const auto found = co_await queue.get_job("a");
    REQUIRE(found);
    CHECK(found->data().text == text);
    raw_json broken{.text = "{} {}"};
    const auto e = co_await error_of(queue.add("x", std::move(broken)));
    CHECK(e.code == errc::invalid_argument);
}

APP_CASE("a payload that does not fit the type spoils no listing")
{
    auto loose = a.engine.queue("q");
    auto strict = a.engine.queue<reading>("q");
    co_await loose.add("x", "no object", {.id = "a"});
    const auto listed = co_await strict.get_jobs();
    REQUIRE(listed.items.size() == 1);
    CHECK(listed.items[0].id() == "a");
    const auto e = error_of([&] { return listed.items[0].data(); });
    CHECK(e.code == errc::payload_undecodable);
    CHECK(e.text == "$: value is not an object");
}

QUEUE_CASE("F73: adding an id again adds nothing, whatever the state of its job, and shows that job")
{
    co_await queue.add("first", 1, {.id = "a", .priority = 2});
    recorder events{queue.events()};
    const auto again = co_await queue.add("second", 2, {.id = "a"});
    CHECK(again.duplicate);
    CHECK(again.name() == "first");
    CHECK(again.data() == 1);
    CHECK(again.options().priority == 2);
    co_await settle();
    CHECK(events.take() == lines{"duplicated a"});

    auto taken = co_await queue.fetch_next_and_lock({});
    REQUIRE(taken.size() == 1);
    const auto while_active = co_await queue.add("third", 3, {.id = "a"});
    CHECK(while_active.duplicate);
    CHECK(while_active.state() == job_state::active);
    co_await queue.complete(taken[0].claim, 42);
    const auto when_done = co_await queue.add("fourth", 4, {.id = "a"});
    CHECK(when_done.duplicate);
    CHECK(when_done.state() == job_state::completed);
    CHECK(when_done.result() == 42);
    co_await queue.remove("a");
    const auto anew = co_await queue.add("fifth", 5, {.id = "a"});
    CHECK_FALSE(anew.duplicate);
    CHECK(anew.data() == 5);
    // Ids belong to their queue.
    const auto elsewhere = co_await a.engine.queue<int>("other").add("x", 1, {.id = "a"});
    CHECK_FALSE(elsewhere.duplicate);
}

APP_CASE("add_bulk adds all in order, with one call of the store")
{
    auto queue = a.engine.queue<int>("q", {.defaults = {.attempts = 4}});
    recorder events{queue.events()};
    std::vector<job_spec<int>> jobs;
    jobs.push_back({.name = "one", .data = 1, .options = {.id = "a"}});
    jobs.push_back({.name = "two", .data = 2, .options = {.id = "b", .delay = 5s}});
    jobs.push_back({.name = "three", .data = 3, .options = {.id = "a"}});
    jobs.push_back({.name = "four", .data = 4, .options = {.id = "c", .attempts = 2}});
    const auto done = co_await queue.add_bulk(std::move(jobs));
    CHECK(a.store->calls(op::add) == 1);
    REQUIRE(done.size() == 4);
    const char* expected[] = {"a", "b", "a", "c"};
    for (std::size_t i = 0; i < 4; ++i) {
        CHECK(done[i].id == expected[i]);
        CHECK(done[i].duplicate == (i == 2));
    }
    co_await settle();
    CHECK(
        events.take() ==
        lines{
            "added a one",
            "waiting a",
            "added b two",
            "delayed b until 5000",
            "duplicated a",
            "added c four",
            "waiting c"
        }
    );
    const auto first = co_await stored(a, "q", "a");
    CHECK(first.name == "one");
    CHECK(*first.options->attempts == 4);
    const auto last = co_await stored(a, "q", "c");
    CHECK(*last.options->attempts == 2);
}

APP_CASE("add_bulk of nothing does nothing")
{
    const auto done = co_await a.engine.queue<int>("q").add_bulk({});
    CHECK(done.empty());
    CHECK(a.store->calls(op::add) == 0);
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
