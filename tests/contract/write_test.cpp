// Progress, logs and the renewal of locks.
#include <boost/asio/awaitable.hpp>

#include <string>
#include <vector>

#include "contract/contract.hpp"

namespace asio = boost::asio;
using namespace cofila;
using namespace cofila::test;
using namespace std::chrono_literals;

using names = std::vector<std::string>;

TEST_SUITE_BEGIN("progress, logs and renewal");

namespace {

asio::awaitable<bool> log(subject s, job_ref job, std::string text, int keep = 1000)
{
    job.queue = s.queue();
    const log_line line{.at = s.now(), .text = std::move(text)};
    co_return (co_await s->add_log(std::move(job), line, keep)).stored;
}

}  // namespace

CONTRACT_CASE("the progress of a running job is stored byte for byte, the last one counts")
{
    const auto job = co_await s.add_active("a");
    const std::string texts[] = {
        "50", R"( {"it's": "\"x\" \u0000", "n": 123456789012345678901234567890} )", "null", "\"\xF0\x9F\x98\x80\""
    };
    for (const auto& text : texts) {
        const auto stored = (co_await s->update_progress(claim_of(job), text)).stored;
        CHECK(stored);
        const auto read = co_await s.get("a");
        CHECK(read.progress == text);
    }
}

CONTRACT_CASE("progress changes nothing else")
{
    const auto job = co_await s.add_active("a");
    s.pass(10s);
    co_await s->update_progress(claim_of(job), "1");
    auto expected = *job;
    expected.progress = "1";
    const auto read = co_await s.get("a");
    CHECK(describe(read) == describe(expected));
}

CONTRACT_CASE("progress of a mebibyte comes back whole")
{
    const auto job = co_await s.add_active("a");
    const std::string text = '"' + std::string((1u << 20) - 2, 'p') + '"';
    const auto stored = (co_await s->update_progress(claim_of(job), text)).stored;
    CHECK(stored);
    const auto read = co_await s.get("a");
    CHECK((read.progress == text));
}

CONTRACT_CASE("without a token a job is written to while nobody has locked it, by key or by id")
{
    co_await s.add("waiting");
    co_await s.add("delayed", {.delay = 1s});
    const auto completed = co_await s.add("completed", {.lifo = true});
    const auto job = co_await s.claim_one();
    REQUIRE(job->id == completed.job->id);
    co_await s.settle(s.completion(job));
    for (const std::string id : {"waiting", "delayed", "completed"}) {
        const auto before = co_await s.get(id);
        const auto stored = (co_await s->update_progress(job_ref{.queue = s.queue(), .id = id}, "1")).stored;
        CHECK(stored);
        const auto logged = co_await log(s, {.id = id, .key = before.key}, "by key");
        CHECK(logged);
        const auto read = co_await s.get(id);
        CHECK(read.progress == "1");
        const auto lines = co_await s.logs(id);
        CHECK(lines == names{"by key"});
    }
    co_await s.add_active("active", {.lifo = true});
    const auto stored_again = (co_await s->update_progress(job_ref{.queue = s.queue(), .id = "active"}, "1")).stored;
    CHECK_FALSE(stored_again);
    const auto logged_after = co_await log(s, {.id = "active"}, "x");
    CHECK_FALSE(logged_after);
}

CONTRACT_CASE("a job that does not exist is not written to")
{
    const auto stored = (co_await s->update_progress(job_ref{.queue = s.queue(), .id = "a"}, "1")).stored;
    CHECK_FALSE(stored);
    const auto logged = co_await log(s, {.id = "a"}, "x");
    CHECK_FALSE(logged);
    co_await s.in("other").add("a");
    const auto stored_again = (co_await s->update_progress(job_ref{.queue = s.queue(), .id = "a"}, "1")).stored;
    CHECK_FALSE(stored_again);
    const auto logged_after = co_await log(s, {.id = "a"}, "x");
    CHECK_FALSE(logged_after);
}

CONTRACT_CASE("log lines come back as they were written, oldest first")
{
    const auto job = co_await s.add_active("a");
    std::vector<log_line> written;
    for (const std::string text : {"first", "it's \"quoted\"", "", "two\nlines", "\xF0\x9F\x98\x80", "first"}) {
        written.push_back({.at = s.now(), .text = text});
        co_await s->add_log(claim_of(job), written.back(), 1000);
        s.pass(7ms);
    }
    const auto page = co_await s->logs(s.queue(), "a", {});
    CHECK(page.items == written);
    CHECK(page.next == "");
}

CONTRACT_CASE("lines of one millisecond, and lines behind a clock that was set back, stay in the order of their writing"
)
{
    const auto job = co_await s.add_active("a");
    for (const std::string text : {"c", "a", "b"})
        co_await log(s, claim_of(job), text);
    s.pass(-1h);
    co_await log(s, claim_of(job), "earlier by the clock");
    const auto lines = co_await s.logs("a");
    CHECK(lines == names{"c", "a", "b", "earlier by the clock"});
}

CONTRACT_CASE("only the newest log lines are kept, as many as each write says")
{
    const auto job = co_await s.add_active("a");
    for (int i = 1; i <= 10; ++i) {
        const auto logged = co_await log(s, claim_of(job), std::to_string(i), 3);
        CHECK(logged);
    }
    const auto lines = co_await s.logs("a");
    CHECK(lines == names{"8", "9", "10"});
    co_await log(s, claim_of(job), "11", 100);
    const auto lines_after = co_await s.logs("a");
    CHECK(lines_after == names{"8", "9", "10", "11"});
    co_await log(s, claim_of(job), "12", 1);
    const auto lines_later = co_await s.logs("a");
    CHECK(lines_later == names{"12"});
}

CONTRACT_CASE("a job that keeps no lines accepts them all the same")
{
    const auto job = co_await s.add_active("a");
    const auto logged = co_await log(s, claim_of(job), "x", 0);
    CHECK(logged);
    const auto lines = co_await s.logs("a");
    CHECK(lines == names{});
}

CONTRACT_CASE("a write that keeps no lines drops those that were there")
{
    const auto job = co_await s.add_active("a");
    co_await log(s, claim_of(job), "1");
    const auto logged = co_await log(s, claim_of(job), "2", 0);
    CHECK(logged);
    const auto lines = co_await s.logs("a");
    CHECK(lines == names{});
}

CONTRACT_CASE("jobs have each their own lines")
{
    auto other = s.in("other");
    const auto a = co_await s.add_active("a");
    const auto b = co_await s.add_active("b");
    const auto a_there = co_await other.add_active("a");
    co_await log(s, claim_of(a), "1", 1);
    co_await log(s, claim_of(b), "2", 1);
    co_await log(other, claim_of(a_there), "3", 1);
    const auto lines = co_await s.logs("a");
    CHECK(lines == names{"1"});
    const auto lines_after = co_await s.logs("b");
    CHECK(lines_after == names{"2"});
    const auto lines_later = co_await other.logs("a");
    CHECK(lines_later == names{"3"});
}

CONTRACT_CASE("log lines come in pages")
{
    const auto job = co_await s.add_active("a");
    names expected;
    for (int i = 0; i < 10; ++i) {
        expected.push_back(std::to_string(i));
        co_await log(s, claim_of(job), expected.back());
    }
    for (const int size : {1, 3, 5, 9, 10, 11}) {
        names read;
        page_request request{.limit = size};
        int pages = 0;
        do {
            REQUIRE(++pages <= 10);
            const auto page = co_await s->logs(s.queue(), "a", request);
            CHECK(page.items.size() <= static_cast<std::size_t>(size));
            for (const auto& line : page.items)
                read.push_back(line.text);
            request.after = page.next;
        } while (!request.after.empty());
        CHECK(read == expected);
        CHECK(pages == (10 + size - 1) / size);
    }
}

CONTRACT_CASE("lines that are written or dropped between two pages neither repeat nor hide others")
{
    const auto job = co_await s.add_active("a");
    for (int i = 0; i < 4; ++i)
        co_await log(s, claim_of(job), std::to_string(i), 4);
    const auto first = co_await s->logs(s.queue(), "a", page_request{.limit = 2});
    REQUIRE(first.items.size() == 2);
    for (int i = 4; i < 6; ++i)
        co_await log(s, claim_of(job), std::to_string(i), 4);
    const auto second = co_await s->logs(s.queue(), "a", page_request{.after = first.next, .limit = 100});
    names read;
    for (const auto& line : second.items)
        read.push_back(line.text);
    CHECK(read == names{"2", "3", "4", "5"});
}

CONTRACT_CASE("a job without lines, and one that does not exist, have an empty page of them")
{
    co_await s.add("a");
    for (const std::string id : {"a", "b"}) {
        const auto page = co_await s->logs(s.queue(), id, {});
        CHECK(page.items.empty());
        CHECK(page.next == "");
    }
}

CONTRACT_CASE("renewal moves the end of a lock to its duration from now")
{
    const auto job = co_await s.add_active("a");
    s.pass(10s);
    std::vector<lock_extension> locks{{.job = claim_of(job), .duration = 45s}};
    const auto extended = co_await s.extend(std::move(locks));
    CHECK(extended == std::vector<bool>{true});
    auto expected = *job;
    expected.locked_until = s.now() + 45s;
    expected.lock_duration = 45s;
    const auto read = co_await s.get("a");
    CHECK(describe(read) == describe(expected));
}

CONTRACT_CASE("renewal answers each lock for itself, of any queue, in order")
{
    auto other = s.in("other");
    const auto a = co_await s.add_active("a");
    const auto b = co_await s.add_active("b");
    const auto c = co_await other.add_active("c");
    co_await s.settle(s.completion(b));
    s.pass(20s);
    std::vector<lock_extension> locks{
        {.job = claim_by_id(c), .duration = 1s},
        {.job = claim_of(b), .duration = 1s},
        {.job = job_ref{.queue = s.queue(), .id = "missing", .token = a->token}, .duration = 1s},
        {.job = claim_of(a), .duration = 60s},
        {.job = {.queue = "other", .id = a->id, .token = a->token}, .duration = 1s},
    };
    const auto extended = co_await s.extend(std::move(locks));
    CHECK(extended == std::vector<bool>{true, false, false, true, false});
    const auto a_now = co_await s.get("a");
    CHECK(a_now.locked_until == s.now() + 60s);
    const auto c_now = co_await other.get("c");
    CHECK(c_now.locked_until == *c->locked_until + 1ms);  // never shorter than it was
    const auto b_now = co_await s.get("b");
    CHECK(b_now.locked_until == std::nullopt);
}

CONTRACT_CASE("renewal of no locks answers none")
{
    const auto extended = co_await s.extend({});
    CHECK(extended.empty());
}

TEST_SUITE_END();
