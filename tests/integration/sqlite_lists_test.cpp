// Lists in the order of ids, among many jobs of other queues.
#include "domain/generated_id.hpp"
#include "integration/sqlite_support.hpp"
#include "store/adding.hpp"
#include "store/reading.hpp"
#include "support/print.hpp"

using namespace cofila;
using namespace cofila::test;

namespace {

using ids = std::vector<std::string>;

struct lists_fixture {
    temp_folder folder{};
    std::string path = folder.file("jobs.db");
    writing_runner runner{connecting(path), false};

    std::int64_t last_key() { return ask(path, "SELECT tail FROM cofila_queues WHERE number = 0"); }
    /// Returns the generated id.
    std::string add()
    {
        execute(path, "INSERT INTO cofila_inbox (queue, name) VALUES ('q', 'job')");
        SQLite::Database db{path, SQLite::OPEN_READWRITE};
        SQLite::Statement id{db, "SELECT id FROM cofila_v_jobs ORDER BY key DESC LIMIT 1"};
        REQUIRE(id.executeStep());
        return id.getColumn(0).getString();
    }
    std::string add(const std::string& id)
    {
        run_one(runner, [&](sqlite::session& tx) { store::add(tx, {some_job(id)}); });
        return id;
    }
    void add_elsewhere(int jobs)
    {
        const auto number = std::to_string(jobs);
        execute(
            path,
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < " + number +
                ") INSERT INTO cofila_jobs (key, queue, created_at, priority, position, name, random, data) "
                "SELECT tail + i, 99, 0, 0, i, 'job', zeroblob(10), '1' FROM n, cofila_queues WHERE number = 0; "
                "UPDATE cofila_queues SET tail = tail + " +
                number + " WHERE number = 0"
        );
    }

    page<job_snapshot> list(const std::string& queue, const page_request& request)
    {
        page<job_snapshot> out;
        run_one(runner, [&](sqlite::session& tx) { out = store::list(tx, queue, {}, request); });
        return out;
    }
    std::vector<ids> pages(bool newest_first)
    {
        std::vector<ids> out;
        page_request request{.newest_first = newest_first};
        do {
            auto page = list("q", request);
            out.emplace_back();
            for (const auto& job : page.items)
                out.back().push_back(job->id.str());
            request.after = std::move(page.next);
        } while (!request.after.empty());
        return out;
    }
};

/// What the generated ids of a key begin with.
std::string key_text(std::int64_t key) { return domain::make_generated_id(key, {}).text().substr(0, 13); }

}  // namespace

TEST_SUITE_BEGIN("sqlite lists");

TEST_CASE_FIXTURE(
    lists_fixture, "a page in the order of ids passes over 50,000 other jobs of the file; the next goes on"
)
{
    const auto first = add("!");
    const auto second = add();
    const auto third = add();
    const auto others = last_key();
    add_elsewhere(120'000);
    const auto last = add();
    // Given ids that stand where the first page ends, and between. Their own rows are passed over, too: one in front of
    // the other queue's rows, four behind them.
    const auto end_of_first = add(key_text(others + 50'000));
    const auto middle = add(key_text(others + 60'000) + "-");
    const auto end_backwards = add(key_text(others + 70'004));
    const auto given = add("z");
    CHECK(
        pages(false) == std::vector<ids>{{first, second, third, end_of_first}, {middle, end_backwards}, {last, given}}
    );
    CHECK(
        pages(true) == std::vector<ids>{{given, last, end_backwards}, {middle, end_of_first}, {third, second, first}}
    );
}

TEST_CASE_FIXTURE(lists_fixture, "a queue that does not exist has one page, whatever else is in the file")
{
    add("known");
    add_elsewhere(60'000);
    const auto found = list("unknown", {});
    CHECK(found.items.empty());
    CHECK(found.next.empty());
}

TEST_SUITE_END();
