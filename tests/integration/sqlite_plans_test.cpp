// How SQLite finds rows: never by reading a whole table of jobs.
#include <algorithm>
#include <map>

#include "integration/sqlite_support.hpp"
#include "sqlite/jobs.hpp"
#include "sqlite/queries.hpp"
#include "support/print.hpp"

using namespace cofila;
using namespace cofila::test;
using namespace std::chrono_literals;

namespace {

/// Every operation once, so that every statement has been prepared.
void use_everything(sqlite::session& with)
{
    const auto now = manual_clock::start;
    const std::string long_text = '"' + std::string(1000, 'x') + '"';
    std::vector<job_snapshot> jobs{
        some_job("a", long_text, {.attempts = 2, .on_completed = retention::keep_last(1)}),
        some_job("b", "1", {.lifo = true, .delay = 1ms}),
        some_job("c"),
    };
    sqlite::add(with, "q", jobs);
    sqlite::add(with, "q", jobs);  // duplicates
    settle_and_claim_request request{.queue = "q", .now = now};
    request.claim = {.tokens = {{.low = 1}}, .worker = "w", .lock_duration = 30s};
    auto job = sqlite::settle_and_claim(with, request).claimed.at(0);
    const auto end = [&](transition change) {
        request.settlements = {{.job = {.id = job->id, .token = job->token}, .change = std::move(change)}};
        const auto answer = sqlite::settle_and_claim(with, request);
        if (!answer.claimed.empty())
            job = answer.claimed.front();
        return answer;
    };
    sqlite::extend_locks(with, now, {{.queue = "q", .job = {.id = job->id, .token = job->token}, .duration = 30s}});
    sqlite::update_progress(with, "q", {.id = job->id, .token = job->token}, "1");
    sqlite::add_log(with, "q", {.id = job->id, .token = job->token}, {.text = "line"}, 1);
    end(domain::after_failure(*job, {.message = "boom"}, now, 0));
    end(domain::after_success(*job, long_text, now));
    request.now = now + 1s;
    for (int i = 0; i < 4; ++i)
        end(domain::after_success(*job, "1", now));
    request.settlements.clear();
    sqlite::settle_and_claim(with, request);
    sqlite::retry(with, "q", "c", {});
    job = sqlite::settle_and_claim(with, request).claimed.at(0);
    sqlite::locks(with);
    sqlite::sweep(
        with, {.now = now + 2s, .rescues = {{.key = job->key, .token = job->token, .locked_until = *job->locked_until}}}
    );
    sqlite::add(with, "q", {some_job("d", "1", {.delay = 1h}), some_job("e", "1", {.delay = 1h})});
    sqlite::promote(with, "q", "d");
    sqlite::set_paused(with, "q", true);
    sqlite::is_paused(with, "q");
    sqlite::get(with, "q", "a");
    sqlite::counts(with, "q");
    sqlite::logs(with, "q", "a", {});
    sqlite::list(with, "q", {}, {});
    for (int state = 0; state < 6; ++state)
        sqlite::list(with, "q", {.state = static_cast<job_state>(state)}, {});
    sqlite::remove(with, "q", "a");
    sqlite::register_worker(with, {.id = "w"});
    sqlite::workers(with);
    sqlite::forget_worker(with, "w");
    with.flush();
}

std::string plan_of(SQLite::Database& db, const std::string& sql)
{
    std::string out;
    SQLite::Statement plan{db, "EXPLAIN QUERY PLAN " + sql};
    while (plan.executeStep())
        out += plan.getColumn(3).getString() + '\n';
    return out;
}

struct fixture {
    temp_folder folder{};
    std::map<std::string, std::string> plans{};

    fixture()
    {
        sqlite::writing_runner runner{connecting(folder.file("jobs.db")), false};
        run_one(runner, use_everything);
        run_one(
            runner,
            [this](sqlite::session& with) {
                for (const auto& sql : with.sql().texts())
                    plans[sql] = plan_of(with.link().db(), sql);
            },
            sqlite::operation::kind::observe
        );
    }

    /// The plans of the statements that begin with `sql` (after the columns of a job).
    std::string plan_with(const std::string& part) const
    {
        for (const auto& [sql, plan] : plans)
            if (sql.find(part) != std::string::npos)
                return plan;
        return "no such statement: " + part;
    }
};

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_SUITE_BEGIN("sqlite plans");

TEST_CASE_FIXTURE(fixture, "no statement reads a whole table but those of the queues and workers, nor sorts")
{
    CHECK(plans.size() > 40);
    for (const auto& [sql, plan] : plans) {
        if (contains(sql, "state = 3"))  // answers nothing, without a look
            continue;
        INFO(sql, "\n", plan);
        for (const auto* table : {"jobs", "bodies", "attempts", "logs"})
            CHECK_FALSE(contains(plan, std::string{"SCAN cofila_"} + table));
        CHECK_FALSE(contains(plan, "TEMP B-TREE"));
        CHECK_FALSE(contains(plan, "AUTOMATIC"));
    }
}

TEST_CASE_FIXTURE(fixture, "each partial index serves what it was made for")
{
    struct expectation {
        std::string part;
        std::string index;
    };
    const expectation expectations[] = {
        {"state = 0 ORDER BY priority", "cofila_jobs_waiting (queue=?)"},
        {"state = 0 AND (priority, position) >", "cofila_jobs_waiting (queue=? AND (priority,position)>(?,?))"},
        {"state = 1 AND run_at <=", "cofila_jobs_delayed (queue=? AND run_at<?)"},
        {"min(run_at)", "cofila_jobs_delayed (queue=?)"},
        {"state = 1 AND (run_at, position) >", "cofila_jobs_delayed (queue=? AND (run_at,position)>(?,?))"},
        {"state = 2 AND key >", "cofila_jobs_active (queue=? AND state=? AND rowid>?)"},
        {"SELECT EXISTS", "cofila_jobs_waiting (queue=?)"},
        {"SELECT EXISTS", "cofila_jobs_active (queue=? AND state=?)"},
        {"state = 4 AND finished_at IS NOT NULL AND (fin", "cofila_jobs_finished (queue=? AND state=?"},
        {"state = 5 AND finished_at IS NOT NULL AND (fin", "cofila_jobs_finished (queue=? AND state=?"},
        {"prune_at <=", "cofila_jobs_prune_at (prune_at"},
        {"prune_count > ?3", "cofila_jobs_prune_count (queue=? AND state=? AND prune_count>?)"},
        {"AND prune_count = ?3", "cofila_jobs_prune_count (queue=? AND state=? AND prune_count=?"},
        {"OFFSET", "COVERING INDEX cofila_jobs_finished (queue=? AND state=?"},
        {"LEFT JOIN cofila_workers", "cofila_jobs_active (queue=? AND state=?)"},
    };
    for (const auto& e : expectations) {
        const auto plan = plan_with(e.part);
        INFO(e.part, "\n", plan);
        CHECK(contains(plan, e.index));
    }
    for (const auto* counted : {"state = 0", "state = 1", "state = 2", "state = 4 AND finished_at IS NOT NULL"}) {
        const auto plan = plan_with(std::string{"SELECT count(*) FROM cofila_jobs WHERE queue = ?1 AND "} + counted);
        INFO(plan);
        CHECK(contains(plan, "COVERING INDEX"));
    }
}

TEST_SUITE_END();
