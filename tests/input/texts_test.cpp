// Names and texts of all kinds: stored as they are or refused, and never a command to a terminal.

#include <cofila/events.hpp>

#include <stdexcept>
#include <string>
#include <vector>

#include "domain/text.hpp"
#include "domain/validation.hpp"
#include "input/on_file.hpp"
#include "support/print.hpp"
#include "unit/application/app.hpp"

using namespace cofila;
using namespace cofila::test;

TEST_SUITE_BEGIN("bad input: texts");

namespace {

const std::string good_names[] = {
    "'; DROP TABLE cofila_jobs; --",
    "\"double\" 'single' `back`",
    "%s %n %08x",
    "100% _under_ *star* [set] ?",
    "../../etc/passwd",
    "<script>alert(1)</script>",
    "\xD7\xA9\xD7\x9C\xD7\x95\xD7\x9D \xE2\x80\xAE"
    "txt.exe",                                       // right to left
    "\xF0\x9F\x91\xA9\xE2\x80\x8D\xF0\x9F\x9A\x80",  // joined
    "\xEF\xBB\xBF"
    "mark",
    "null",
    "-1",
    " ",
    std::string(200, 'x'),
};

const std::string bad_names[] = {
    "",
    std::string(201, 'x'),
    std::string(std::size_t{1} << 20, 'x'),
    std::string{"a\0b", 3},
    "line\nline",
    "\x1B[2J",
    "\x7F",
    "\xC2\x9B"
    "2J",  // the same escape sequence, begun by one character
    "\xC2\x80",
    "\xC2\x85",
    "\xFF",
    "\xC0\x80",
};

/// What it does not do to a terminal.
bool is_harmless(const std::string& line)
{
    return domain::is_utf8(line) && !domain::has_control_characters(line) &&
           line.find("\xE2\x80\xAE") == std::string::npos;
}

constexpr const char* escapes = "\x1B[2J\x1B]0;title\x07\r\nforged line\xC2\x9B"
                                "31m\xE2\x80\xAE\xFF";

}  // namespace

TEST_CASE("F71: names of any kind go through a file as they are: queue, job, id and worker")
{
    run_on_file([](engine& on) -> asio::awaitable<void> {
        for (const auto& name : good_names) {
            INFO(name);
            const auto q = on.queue(name);
            (void)co_await q.add(name, 1, {.id = name, .dedup = deduplication{.id = name}, .group = name});
            const auto found = co_await q.get_job(name);
            REQUIRE(found);
            CHECK(found->id().str() == name);
            CHECK(found->options().dedup->id == name);
            CHECK(found->options().group == name);
            const auto refused = co_await q.add(name, 1, {.dedup = deduplication{.id = name}});
            CHECK(refused.deduplicated_by == job_id{name});
            CHECK(found->name() == name);
            const auto taken = co_await q.fetch_next_and_lock({.worker_id = name});
            REQUIRE(taken.size() == 1);
            co_await q.fail(taken.front().claim, {.message = name, .unrecoverable = true});
            const auto failed = co_await q.get_job(name);
            REQUIRE(failed);
            CHECK(failed->failed_reason() == name);
            REQUIRE(failed->attempts().size() == 1);
            CHECK(failed->attempts().front().worker == name);
            const auto listed = co_await q.get_jobs({.state = job_state::failed});
            CHECK(listed.items.size() == 1);
        }
        const auto other = on.queue("\xC3\xA9");
        const auto counts = co_await other.get_job_counts();
        CHECK(counts == job_counts{});
    });
}

TEST_CASE("F71: names that are none are refused everywhere, and asking for them finds nothing")
{
    run_app([](app& a) -> asio::awaitable<void> {
        const auto q = a.engine.queue("q");
        for (const auto& name : bad_names) {
            INFO(name.substr(0, 20));
            CHECK(error_of([&] { (void)a.engine.queue(name); }).field == "queue");
            const auto named = co_await error_of(q.add(name, 1));
            CHECK(named.field == "name");
            const auto identified = co_await error_of(q.add("x", 1, {.id = name}));
            CHECK(identified.field == "id");
            if (!name.empty()) {
                const auto claimed = co_await error_of(q.fetch_next_and_lock({.worker_id = name}));
                CHECK(claimed.field == "worker_id");
            }
            const auto found = co_await q.get_job(name);
            CHECK_FALSE(found);
            const bool removed = co_await q.remove(name);
            CHECK_FALSE(removed);
        }
        CHECK(a.store->calls(op::add) == 0);
    });
}

TEST_CASE("F75, F114: log lines and failures keep escape sequences for those who show them, and are cut at 64 KiB")
{
    run_on_file([](engine& on) -> asio::awaitable<void> {
        const auto q = on.queue("q");
        const auto job = co_await q.add("x", 1, {.id = "a"});
        co_await job.log(escapes);
        std::string big(std::size_t{10} << 20, 'l');
        co_await job.log(big);
        const auto logs = co_await q.get_job_logs("a");
        REQUIRE(logs.items.size() == 2);
        CHECK(logs.items[0].text == domain::storable_text(escapes));
        CHECK(logs.items[1].text.size() == domain::text_limit);
        CHECK(logs.items[1].text.ends_with("[cut]"));

        const auto taken = co_await q.fetch_next_and_lock({});
        REQUIRE(taken.size() == 1);
        failure why{.message = escapes + big, .type = big, .detail = big};
        co_await q.fail(taken.front().claim, std::move(why));
        const auto failed = co_await q.get_job("a");
        REQUIRE(failed);
        CHECK(failed->state() == job_state::failed);
        CHECK(failed->failed_reason().size() <= domain::text_limit);
        CHECK(failed->failed_reason().starts_with("\x1B[2J"));
        CHECK(failed->attempts().front().error.type.size() == domain::text_limit);
        CHECK(domain::is_utf8(failed->failed_reason()));
    });
}

TEST_CASE("F114: what the library logs is one harmless line, whatever a slot or a job put into it")
{
    std::vector<std::string> lines;
    const temp_folder folder;
    run_coro([&]() -> asio::awaitable<void> {
        auto options = on_file(folder.file("jobs.db"));
        options.logger.sink = [&](log_level level, std::string_view line) {
            if (level != log_level::info)  // there may be one on the version of SQLite
                lines.emplace_back(line);
        };
        co_await use_file(std::move(options), [](engine& on) -> asio::awaitable<void> {
            const auto q = on.queue("q");
            q.events().added.connect([](const auto&) { throw std::runtime_error{escapes}; });
            (void)co_await q.add("x", 1);
            co_await settle();
        });
    });
    REQUIRE(lines.size() == 1);
    CHECK(is_harmless(lines.front()));
    CHECK(lines.front().find("forged line") != std::string::npos);
}

TEST_CASE("F114: printable text is the text, with what is not printable spelled out")
{
    struct {
        std::string text;
        std::string printed;
    } const cases[] = {
        {"", ""},
        {"plain \xC3\xA9 \xF0\x9F\x98\x80", "plain \xC3\xA9 \xF0\x9F\x98\x80"},
        {"a\nb\r\n", "a\\nb\\x0D\\n"},
        {"\x1B[2J", "\\x1B[2J"},
        {std::string{"\0", 1}, "\\x00"},
        {"\x7F", "\\x7F"},
        {"\xC2\x9B"
         "31m",
         "\\x9B31m"},
        {"\xC2\xA0", "\xC2\xA0"},
        {"\xE2\x80\xAE", "\\u202E"},
        {"\xE2\x81\xA6", "\\u2066"},
        {"\xE2\x80\xA8", "\\u2028"},
        {"\xE0\xA4\x85", "\xE0\xA4\x85"},
        {"\xFFz\xC3", "\\xFFz\\xC3"},
    };
    for (const auto& c : cases) {
        CHECK(domain::printable_text(c.text) == c.printed);
        CHECK(is_harmless(domain::printable_text(c.text)));
    }
    const auto cut = domain::printable_text(std::string(std::size_t{10} << 20, 'x'));
    CHECK(cut.size() == domain::text_limit + 6);
    CHECK(cut.ends_with("x [cut]"));
}

TEST_SUITE_END();
