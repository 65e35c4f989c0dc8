#include <SQLiteCpp/SQLiteCpp.h>
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "history.hpp"
#include "plan.hpp"
#include "site.hpp"
#include "trail.hpp"

using namespace cofila;
using test::history;

TEST_SUITE_BEGIN("history");

namespace {

/// A file with a trail, and what was said about it: both as a test makes them up.
struct made_up {
    test::site here{};
    history said{};

    made_up()
    {
        here.with_queue([](test::text_queue) -> boost::asio::awaitable<void> { co_return; });
        test::begin_trail(here.database);
    }

    void run(const std::string& sql) { SQLite::Database{here.database, SQLite::OPEN_READWRITE}.exec(sql); }

    void store(const std::string& id)
    {
        run("INSERT INTO cofila_jobs (queue, id, name, priority, position, created_at, data) VALUES (1, '" + id +
            "', 'task', 0, 0, 0, '\"" + test::plan_of(id).data + "\"')");
        run("INSERT INTO cofila_waiting SELECT 1, 0, 0, key, NULL FROM cofila_jobs WHERE id = '" + id + "'");
    }
    void claim(const std::string& id, int number, const std::string& token)
    {
        const auto key = key_of(id);
        run("INSERT INTO cofila_active SELECT 1, " + key + ", CAST('" + token + "' AS BLOB), 0, 0, 0, " +
            std::to_string(number) + ", NULL, NULL, NULL; DELETE FROM cofila_waiting WHERE key = " + key);
    }
    void complete(const std::string& id, int claim)
    {
        const auto key = key_of(id);
        run("INSERT INTO cofila_finished (key, queue, state, finished_at, was, attempts_made, attempts_started, "
            "stalled_count, deferrals, token, failed_reason, result) "
            "SELECT j.key, 1, 4, 0, 2, j.attempts_made + 1, a.attempts_started, j.stalled_count, 0, a.token, '', '\"" +
            test::result_of(id, claim) +
            "\"' FROM cofila_jobs AS j JOIN cofila_active AS a ON a.key = j.key "
            "WHERE j.key = " +
            key + "; DELETE FROM cofila_active WHERE key = " + key);
    }
    /// Lets the job wait again, with `made` attempts behind it.
    void put_back(const std::string& id, int made)
    {
        const auto key = key_of(id);
        run("UPDATE cofila_jobs SET attempts_made = " + std::to_string(made) +
            ", attempts_started = f.attempts_started FROM cofila_finished AS f WHERE f.key = cofila_jobs.key "
            "AND f.key = " +
            key + "; DELETE FROM cofila_finished WHERE key = " + key +
            "; INSERT INTO cofila_waiting VALUES (1, 0, 0, " + key + ", 4)");
    }
    std::string key_of(const std::string& id) const
    {
        return here.ask_text("SELECT key FROM cofila_jobs WHERE id = '" + id + "'");
    }
    /// All of a job's life, in the file and in what is said.
    void live(const std::string& id)
    {
        said.note("add " + id);
        store(id);
        said.note("added " + id);
        claim(id, 1, "token of " + id);
        said.note("run " + id + " 1");
        complete(id, 1);
        said.note("completed " + id + " 1");
    }

    void expect(std::size_t lost, std::size_t duplicated, std::size_t unexpected) const
    {
        const auto found = said.judge(here.contents());
        std::string complaints;
        for (const auto& what : found.complaints)
            complaints += what + '\n';
        INFO(complaints);
        CHECK(found.lost == lost);
        CHECK(found.duplicated == duplicated);
        CHECK(found.unexpected == unexpected);
    }
};

/// Of jobs that are planned to run once, to succeed and to stay.
std::string plain(int which)
{
    for (int number = 0;; ++number) {
        const auto id = "job-" + std::to_string(number);
        const auto plan = test::plan_of(id);
        if (plan.failures == 0 && !plan.removed && which-- == 0)
            return id;
    }
}

}  // namespace

TEST_CASE_FIXTURE(made_up, "the checker has nothing to say about a job that was added, run and completed")
{
    live(plain(0));
    expect(0, 0, 0);
    CHECK(said.judge(here.contents()).acknowledged == 1);
    CHECK(said.judge(here.contents()).completed == 1);
}

TEST_CASE_FIXTURE(made_up, "an add whose answer nobody heard may be there or not")
{
    live(plain(0));
    said.note("add " + plain(1));
    expect(0, 0, 0);
    CHECK(said.judge(here.contents()).unknown == 1);
    CHECK(said.unknown("job") == std::vector<std::string>{plain(1)});
}

TEST_CASE_FIXTURE(made_up, "an acknowledged add, claim or completion that is not in the file is lost")
{
    said.note("added " + plain(0));
    expect(1, 0, 0);
    live(plain(1));
    said.note("run " + plain(1) + " 2");
    expect(2, 0, 0);
    said.note("completed " + plain(1) + " 2");
    expect(3, 0, 0);
}

TEST_CASE_FIXTURE(made_up, "a completion that is told twice is a duplicate, and so is a second outcome in the file")
{
    live(plain(0));
    said.note("completed " + plain(0) + " 1");
    expect(0, 1, 0);
    put_back(plain(0), 1);
    claim(plain(0), 1, "token of " + plain(0));
    complete(plain(0), 1);
    // Twice under one token, and completed twice; no step leads back, the claim is an old one, one attempt too many,
    // which also makes more ends than claims.
    expect(0, 3, 4);
}

TEST_CASE_FIXTURE(
    made_up, "what nobody added, a part of a bulk, other data and a job that has not ended are unexpected"
)
{
    store(plain(0));
    expect(0, 0, 2);  // it is from nowhere, and has not ended
    said.note("add " + plain(0) + " " + plain(1));
    expect(0, 0, 2);  // a part of what was added, and it has not ended
    live(plain(2));
    run("UPDATE cofila_jobs SET data = '\"other\"' WHERE id = '" + plain(2) + "'");
    expect(0, 0, 3);
    said.note("error something");
    expect(0, 0, 4);
}

TEST_CASE_FIXTURE(made_up, "an acknowledged promotion, retry or removal that is not in the file is lost")
{
    live(plain(0));
    for (const auto* verb : {"promote ", "retry ", "remove "})
        said.note(verb + plain(0));
    expect(0, 0, 0);  // asked for, and nobody heard an answer
    said.note("promoted " + plain(0));
    expect(1, 0, 0);
    said.note("retried " + plain(0));
    expect(2, 0, 0);
    said.note("removed " + plain(0));
    expect(3, 0, 0);
}

TEST_CASE_FIXTURE(made_up, "a job may be promoted, retried and removed as it was asked for, and by nobody else")
{
    said.note("add " + plain(0));
    store(plain(0));
    run("UPDATE cofila_jobs SET run_at = 1");
    run("DELETE FROM cofila_waiting; INSERT INTO cofila_delayed SELECT 1, 1, 0, key, 0, NULL, 0, NULL FROM cofila_jobs"
    );
    run("DELETE FROM audit");
    run("INSERT INTO audit (id, was, now, token, started, made, stalled) VALUES ('" + plain(0) +
        "', -1, 1, '', 0, 0, 0)");
    run("INSERT INTO cofila_waiting SELECT 1, 0, 0, key, 1 FROM cofila_delayed; DELETE FROM cofila_delayed");
    claim(plain(0), 1, "first");
    complete(plain(0), 1);
    put_back(plain(0), 0);
    claim(plain(0), 2, "second");
    complete(plain(0), 2);
    expect(0, 0, 1);  // a retry by nobody
    for (const auto* said_so : {"promote ", "promoted ", "retry ", "retried "})
        said.note(said_so + plain(0));
    expect(0, 0, 0);
    run("DELETE FROM cofila_jobs; DELETE FROM cofila_finished");
    expect(0, 0, 1);
    said.note("remove " + plain(0));
    expect(0, 0, 0);
    CHECK(said.judge(here.contents()).promoted == 1);
    CHECK(said.judge(here.contents()).retried == 1);
}

TEST_CASE_FIXTURE(made_up, "an acknowledged pause or resume has to hold until the next one is asked for")
{
    said.see_paused(true);
    said.note("paused");
    said.see_paused(true);
    said.note("resuming");
    said.see_paused(true);
    said.see_paused(false);
    said.note("resumed");
    said.see_paused(false);
    expect(0, 0, 0);
    said.see_paused(true);
    expect(1, 0, 0);
    said.note("paused");
    said.see_paused(false);
    expect(2, 0, 0);
}

TEST_SUITE_END();
