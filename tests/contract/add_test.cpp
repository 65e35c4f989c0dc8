#include <set>
#include <string>
#include <vector>

#include "contract/contract.hpp"

using namespace cofila;
using namespace cofila::test;
using namespace std::chrono_literals;

using names = std::vector<std::string>;

TEST_SUITE_BEGIN("add");

CONTRACT_CASE("a new job waits and is stored as it was given")
{
    const auto given = s.make("a", {.priority = 7, .attempts = 3}, R"({"to":"ada"})");
    const auto row = co_await s.add("a", {.priority = 7, .attempts = 3}, R"({"to":"ada"})");
    CHECK_FALSE(row.duplicate);
    CHECK(row.job->key != 0);

    auto expected = *given;
    expected.key = row.job->key;
    expected.position = row.job->position;
    CHECK(describe(*row.job) == describe(expected));
    const auto read = co_await s.get("a");
    CHECK(describe(read) == describe(expected));
    CHECK(read.state == job_state::waiting);
    CHECK(read.timestamp == s.now());
    CHECK(read.token == "");
    CHECK(read.progress == "");
    check_counters(read, 0, 0, 0);
}

CONTRACT_CASE("a new job with a delay is delayed until that long after its add")
{
    const auto row = co_await s.add("a", {.delay = 1500ms});
    CHECK(row.job->state == job_state::delayed);
    const auto read = co_await s.get("a");
    CHECK(read.state == job_state::delayed);
    CHECK(read.run_at == s.now() + 1500ms);
    CHECK(read.timestamp == s.now());
}

CONTRACT_CASE("a delay to the end of time is kept to the millisecond")
{
    co_await s.add("a", {.delay = time_point::max() - s.now()});
    co_await s.add("b", {.delay = time_point::max() - s.now() - 1ms});
    const auto a = co_await s.get("a");
    CHECK(a.run_at == time_point::max());
    const auto order = co_await s.list(job_state::delayed);
    CHECK(order == std::vector<std::string>{"b", "a"});
    const auto answer = co_await s.settle_and_claim({}, 1);
    CHECK(answer.claimed.empty());
    CHECK(answer.next_due == time_point::max() - 1ms);
}

CONTRACT_CASE("the key and the position that a record brings along are not used")
{
    auto forged = *s.make("b");
    forged.key = 1;
    forged.position = -1'000'000;
    const auto first = co_await s.add("a");
    std::vector<job_draft> jobs{std::make_shared<job_record>(forged)};
    const auto rows = (co_await s->add(jobs)).rows;
    REQUIRE(rows.size() == 1);
    CHECK(rows[0].job->key != first.job->key);
    CHECK(rows[0].job->position > first.job->position);
}

CONTRACT_CASE("a job that was never added is not found")
{
    co_await s.add("a");
    const auto unknown = co_await s->get(s.queue(), "b");
    CHECK_FALSE(unknown.has_value());
    const auto empty = co_await s->get(s.queue(), "");
    CHECK_FALSE(empty.has_value());
    const auto elsewhere = co_await s->get("other", "a");
    CHECK_FALSE(elsewhere.has_value());
}

CONTRACT_CASE("data come back byte for byte")
{
    const std::string texts[] = {
        R"("")",
        "null",
        " \t\r\n{ \"b\" : 1 ,\n\"a\" : 2,  \"a\" : 3 }\n ",
        "12345678901234567890123456789012345678901234567890",
        "-9223372036854775809",
        "0.10000000000000000000000000000000001e-5",
        "1E+2",
        R"("it's \"quoted\" \\ \u0000 \u00e9 \ud83d\ude00 / \/")",
        "\"\xF0\x9F\x98\x80 \xC3\xA9 e\xCC\x81 \xEF\xBB\xBF \xE2\x80\xA8 \x7F\"",
        "\"'; DROP TABLE cofila_jobs; -- %s ?1 :a $b @c\"",
    };
    int number = 0;
    for (const auto& text : texts)
        co_await s.add("job " + std::to_string(++number), {}, text);
    number = 0;
    const auto claimed = co_await s.claim(100);
    REQUIRE(claimed.size() == std::size(texts));
    for (const auto& text : texts) {
        CHECK(claimed[static_cast<std::size_t>(number)]->data == text);
        const auto read = co_await s.get("job " + std::to_string(++number));
        CHECK(read.data == text);
    }
}

CONTRACT_CASE("data of a mebibyte come back byte for byte")
{
    std::string text{'"'};
    for (unsigned i = 0; text.size() < (1u << 20) - 1; ++i)
        text += static_cast<char>('0' + i * 7 % 64);
    text += '"';
    std::string shorter{"\"" + std::string(600, 'x') + "\""};
    co_await s.add("big", {}, text);
    co_await s.add("medium", {}, shorter);
    const auto big = co_await s.get("big");
    CHECK((big.data == text));  // not shown where it differs
    const auto claimed = co_await s.claim(2);
    REQUIRE(claimed.size() == 2);
    CHECK((claimed[0]->data == text));
    CHECK((claimed[1]->data == shorter));
}

CONTRACT_CASE("names may hold any text")
{
    const std::string texts[] = {
        "it's",
        "\"double\"",
        "a;b--c",
        "%s%n ?1 :x",
        "back\\slash",
        "\xF0\x9F\x98\x80",
        "e\xCC\x81",
        "\xC3\xA9",
        " leading and trailing ",
        "../../etc/passwd",
        std::string(200, 'x'),
        "NULL",
        "0",
        "[a-z]*",
        "_%",
    };
    for (const auto& text : texts) {
        auto queue = s.in(text);
        auto job = *queue.make(text);
        job.name = text;
        std::vector<job_draft> jobs{std::make_shared<job_record>(job)};
        co_await queue->add(jobs);
    }
    for (const auto& text : texts) {
        INFO("name ", text);
        auto queue = s.in(text);
        const auto counts = co_await queue.counts();
        CHECK(counts == job_counts{.waiting = 1});
        const auto read = co_await queue.get(text);
        CHECK(read.name == text);
        CHECK(read.id == job_id{text});
        const auto claimed = co_await queue.claim(2);
        CHECK(ids(claimed) == std::vector<std::string>{text});
    }
}

CONTRACT_CASE("ids that look alike name different jobs")
{
    const std::vector<std::string> texts{"a", "A", "a ", " a", "\xC3\xA9", "e\xCC\x81", "1", "01", "1.0"};
    for (const auto& text : texts) {
        const auto row = co_await s.add(text);
        CHECK_FALSE(row.duplicate);
    }
    const auto claimed = co_await s.claim(100);
    CHECK(ids(claimed) == texts);
}

CONTRACT_CASE("every option is kept")
{
    const job_options options{
        .priority = 2'097'151,
        .lifo = true,
        .attempts = 2'147'483'647,
        .backoff =
            backoff{
                .type = backoff::kind::exponential, .delay = 1234567890123ms, .max = 9876543210987ms, .jitter = 0.1
            },
        .on_completed = retention{.remove = true, .age = 3s, .count = 4},
        .on_failed = retention{.remove = false, .age = 0s, .count = 9'223'372'036'854'775'807u},
        .max_stalled_count = 2'147'483'646,
        .keep_logs = 0,
        .keep_attempts = 17
    };
    co_await s.add("a", options);
    const auto read = co_await s.get("a");
    REQUIRE(read.options != nullptr);
    CHECK(read.options->priority == options.priority);
    CHECK(read.options->lifo == options.lifo);
    CHECK(read.options->attempts == options.attempts);
    CHECK((read.options->backoff == options.backoff));
    CHECK((read.options->on_completed == options.on_completed));
    CHECK((read.options->on_failed == options.on_failed));
    CHECK(read.options->max_stalled_count == options.max_stalled_count);
    CHECK(read.options->keep_logs == options.keep_logs);
    CHECK(read.options->keep_attempts == options.keep_attempts);
    CHECK_FALSE(read.options->id.has_value());
    CHECK(read.options->delay.has_value());
}

CONTRACT_CASE("jobs with different options keep each their own")
{
    co_await s.add("a", {.attempts = 1});
    co_await s.add("b", {.attempts = 2});
    co_await s.add("c", {.attempts = 1});
    const auto claimed = co_await s.claim(3);
    REQUIRE(claimed.size() == 3);
    CHECK(claimed[0]->options->attempts == 1);
    CHECK(claimed[1]->options->attempts == 2);
    CHECK(claimed[2]->options->attempts == 1);
}

CONTRACT_CASE("an add of many stores them in order and answers in order")
{
    std::vector<job_draft> jobs;
    std::vector<std::string> expected;
    for (int i = 0; i < 2500; ++i) {
        expected.push_back("job " + std::to_string(i));
        jobs.push_back(s.make(expected.back()));
    }
    const auto rows = (co_await s->add(jobs)).rows;
    REQUIRE(rows.size() == jobs.size());
    std::set<std::int64_t> keys;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        REQUIRE(rows[i].job->id.str() == expected[i]);
        REQUIRE_FALSE(rows[i].duplicate);
        if (i > 0)
            REQUIRE(rows[i].job->position > rows[i - 1].job->position);
        keys.insert(rows[i].job->key);
    }
    CHECK(keys.size() == rows.size());
    const auto counts = co_await s.counts();
    CHECK(counts == job_counts{.waiting = 2500});
    const auto claimed = co_await s.claim(2500);
    CHECK((ids(claimed) == expected));
}

CONTRACT_CASE("an add of none adds none")
{
    const auto rows = (co_await s->add({})).rows;
    CHECK(rows.empty());
    const auto counts = co_await s.counts();
    CHECK(counts == job_counts{});
}

CONTRACT_CASE("one add may hold waiting and delayed jobs")
{
    std::vector<job_draft> jobs{s.make("a", {.delay = 1s}), s.make("b"), s.make("c", {.delay = 2s})};
    co_await s->add(jobs);
    const auto counts = co_await s.counts();
    CHECK(counts == job_counts{.waiting = 1, .delayed = 2});
}

CONTRACT_CASE("jobs of several queues are added in one call, each to its own queue, and are told in order")
{
    auto other = s.in("other");
    const std::vector<job_draft> jobs{s.make("a"), other.make("a"), other.make("b"), s.make("b"), s.make("a")};
    const auto answer = co_await s->add(jobs);
    REQUIRE(answer.rows.size() == 5);
    for (std::size_t i = 0; i < 5; ++i) {
        CHECK(answer.rows[i].job->queue == jobs[i]->queue);
        CHECK(answer.rows[i].job->id == jobs[i]->id);
        CHECK(answer.rows[i].duplicate == (i == 4));
    }
    CHECK(ids(answer.news) == names{"a", "a", "b", "b", "a"});
    CHECK(ids(of(answer.news, cause::duplicated)) == names{"a"});
    const auto here = co_await s.list({});
    CHECK(here == names{"a", "b"});
    const auto there = co_await other.list({});
    CHECK(there == names{"a", "b"});
    const auto read = co_await other.get("b");
    CHECK(read.queue == "other");
}

TEST_SUITE_END();
