// How SQLite finds rows: never by reading a whole table of jobs.
#include <algorithm>
#include <map>

#include "integration/sqlite_support.hpp"
#include "sqlite/adding.hpp"
#include "sqlite/changing.hpp"
#include "sqlite/observation.hpp"
#include "sqlite/queries.hpp"
#include "sqlite/settings.hpp"
#include "sqlite/settling.hpp"
#include "sqlite/sweeping.hpp"
#include "sqlite/workers.hpp"
#include "sqlite/writing.hpp"
#include "support/print.hpp"

using namespace cofila;
using namespace cofila::test;
using namespace std::chrono_literals;

namespace {

/// Every change once, of one job and of many.
void change_everything(sqlite::session& with, time_point now)
{
    const std::string long_text = '"' + std::string(1000, 'x') + '"';
    sqlite::change(with, "q", "d", promotion{}, now);
    sqlite::change(with, "q", "d", new_delay{.wait = 1s}, now);
    sqlite::change(with, "q", "d", new_priority{.priority = 1}, now);
    sqlite::change(with, "q", "d", cancellation{.why = "why"}, now);
    sqlite::add(with, {some_job("f", "1", {.lifo = true, .ttl = 1ms}), some_job("g", "1", {.lifo = true})});
    sqlite::update_data(with, {.queue = "q", .id = "f"}, long_text);
    sqlite::update_data(with, {.queue = "q", .id = "f"}, "1");
    settle_and_claim_request request{.now = now};
    request.claim = {.queue = "q", .tokens = {{.low = 7}}, .worker = "w", .lock_duration = 30s};
    const auto job = sqlite::settle_and_claim(with, request).claimed.at(0);
    sqlite::change(with, "q", job->id, cancellation{.why = "why"}, now);
    request.settlements = {{.job = job_ref::of(*job), .change = domain::after_deferral(*job, delay_for{}, now)}};
    const auto next = sqlite::settle_and_claim(with, request).claimed.at(0);
    request.settlements = {{.job = job_ref::of(*next), .change = domain::after_deferral(*next, rate_limited{}, now)}};
    sqlite::settle_and_claim(with, request);
    sqlite::sweep(with, {.now = now + 1h});
    for (const auto state : {job_state::waiting, job_state::delayed, job_state::completed, job_state::failed}) {
        const job_filter filter{.state = state, .name = "task", .tag = tag{.key = "k", .value = "v"}};
        sqlite::change_all(with, "q", filter, {}, removal{}, now);
    }
}

/// A queue with groups, owners of deduplication ids and every limit.
void limit_everything(sqlite::session& with, time_point now)
{
    sqlite::set_limit(with, "limited", global_concurrency{.jobs = 9});
    sqlite::set_limit(with, "limited", global_rate{.rate = rate_limit{.max = 9}});
    sqlite::set_limit(
        with, "limited", group_options{.concurrency = 1, .rate = rate_limit{.max = 9}, .keep_order = true}
    );
    const auto unique = [](const char* id, deduplication::mode how) {
        const deduplication dedup{.id = "d", .how = how, .ttl = 1s};
        return std::vector{in_queue("limited", some_job(id, "1", {.attempts = 2, .dedup = dedup, .group = "g"}))};
    };
    sqlite::add(with, unique("a", deduplication::mode::extend));
    sqlite::add(with, unique("b", deduplication::mode::extend));
    sqlite::add(with, {in_queue("limited", some_job("none"))});
    settle_and_claim_request request{.now = now};
    request.claim = {.queue = "limited", .tokens = {{.low = 8}, {.low = 9}}, .worker = "w", .lock_duration = 30s};
    const auto job = sqlite::settle_and_claim(with, request).claimed.at(0);
    sqlite::add(with, unique("kept", deduplication::mode::keep_last));
    sqlite::situation(with, "limited", "kept", now);
    request.settlements = {
        {.job = job_ref::of(*job), .change = domain::after_failure(*job, {.message = "boom"}, now, 0)}
    };
    const auto again = sqlite::settle_and_claim(with, request).claimed.at(0);
    request.settlements = {{.job = job_ref::of(*again), .change = domain::after_success(*again, "1", now)}};
    sqlite::settle_and_claim(with, request);
    sqlite::add(with, unique("late", deduplication::mode::extend));
}

/// A queue whose events are kept and whose jobs are counted.
void watch_everything(sqlite::session& with, time_point now)
{
    sqlite::set_limit(with, "watched", event_log{.events = 9});
    sqlite::set_limit(with, "watched", metrics_log{.minutes = 9});
    sqlite::add(with, {in_queue("watched", some_job("a"))});
    sqlite::set_event_cursor(with, "watched", "reader", 1);
    sqlite::set_event_cursor(with, "watched", "reader", {});
    sqlite::event_log_of(with, "watched", "reader");
    sqlite::events_after(with, "watched", 0, 9);
    sqlite::metrics(with, "watched", now, {});
}

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
    sqlite::add(with, jobs);
    sqlite::add(with, jobs);  // duplicates
    settle_and_claim_request request{.now = now};
    request.claim = {.queue = "q", .tokens = {{.low = 1}}, .worker = "w", .lock_duration = 30s};
    auto job = sqlite::settle_and_claim(with, request).claimed.at(0);
    const auto end = [&](transition change) {
        request.settlements = {{.job = job_ref::of(*job), .change = std::move(change)}};
        const auto answer = sqlite::settle_and_claim(with, request);
        if (!answer.claimed.empty())
            job = answer.claimed.front();
        return answer;
    };
    sqlite::extend_locks(with, now, {{.job = job_ref::of(*job), .duration = 30s}});
    sqlite::update_progress(with, job_ref::of(*job), "1");
    sqlite::add_log(with, job_ref::of(*job), {.text = "line"}, 1);
    end(domain::after_failure(*job, {.message = "boom"}, now, 0));
    end(domain::after_success(*job, long_text, now));
    request.now = now + 1s;
    for (int i = 0; i < 4; ++i)
        end(domain::after_success(*job, "1", now));
    request.settlements.clear();
    sqlite::settle_and_claim(with, request);
    sqlite::change(with, "q", "c", retrial{}, now);
    job = sqlite::settle_and_claim(with, request).claimed.at(0);
    sqlite::locks(with);
    sqlite::sweep(
        with, {.now = now + 2s, .rescues = {{.key = job->key, .token = job->token, .locked_until = *job->locked_until}}}
    );
    sqlite::add(with, {some_job("d", "1", {.delay = 1h}), some_job("e", "1", {.delay = 1h})});
    change_everything(with, now);
    limit_everything(with, now);
    watch_everything(with, now);
    sqlite::set_paused(with, "q", true);
    sqlite::is_paused(with, "q");
    sqlite::get(with, "q", "a");
    sqlite::counts(with, "q");
    for (const bool newest_first : {false, true}) {
        sqlite::logs(with, "q", "a", {.newest_first = newest_first});
        for (int state = 0; state < 6; ++state)
            sqlite::list(with, "q", {.state = static_cast<job_state>(state)}, {.newest_first = newest_first});
        sqlite::list(with, "q", {.state = {job_state::completed, job_state::failed}}, {.newest_first = newest_first});
        for (const std::string after : {"", "a"}) {
            sqlite::list(with, "q", {}, {.after = after.empty() ? after : 'i' + after, .newest_first = newest_first});
            sqlite::queues(with, {.after = after.empty() ? after : 'q' + after, .newest_first = newest_first});
        }
    }
    sqlite::counts_by_priority(with, "q", {0, 1});
    sqlite::add(with, {some_job("h")});
    sqlite::position(with, "q", "h");
    sqlite::change(with, "q", "a", removal{}, now);
    sqlite::reset_queue(with, "q");
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

struct plans_fixture {
    temp_folder folder{};
    std::map<std::string, std::string> plans{};

    plans_fixture()
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

/// All locks are read, whatever their queue, from an index of their own.
bool reads_all_locks(const std::string& plan)
{
    return contains(plan, "SCAN cofila_jobs USING INDEX cofila_jobs_active");
}

}  // namespace

TEST_SUITE_BEGIN("sqlite plans");

TEST_CASE_FIXTURE(plans_fixture, "no statement reads a whole table but those of the queues and workers, nor sorts")
{
    CHECK(plans.size() > 40);
    for (const auto& [sql, plan] : plans) {
        if (contains(sql, "state = 3"))  // answers nothing, without a look
            continue;
        INFO(sql, "\n", plan);
        if (!reads_all_locks(plan))
            CHECK_FALSE(contains(plan, "SCAN cofila_jobs"));
        for (const auto* table : {"bodies", "attempts", "logs", "claim_log", "groups", "events", "cursors", "metrics"})
            CHECK_FALSE(contains(plan, std::string{"SCAN cofila_"} + table));
        CHECK_FALSE(contains(plan, "TEMP B-TREE"));
        CHECK_FALSE(contains(plan, "AUTOMATIC"));
    }
}

TEST_CASE_FIXTURE(plans_fixture, "each partial index serves what it was made for")
{
    struct expectation {
        std::string part;
        std::string index;
    };
    const expectation expectations[] = {
        {"AND state = 0 AND (run_at IS NULL OR run_at <= ?2) ORDER BY priority", "cofila_jobs_waiting (queue=?)"},
        {"state = 0 AND (priority, position) >", "cofila_jobs_waiting (queue=? AND (priority,position)>(?,?))"},
        {"state = 1 AND run_at <=", "cofila_jobs_delayed (queue=? AND run_at<?)"},
        {"SELECT min(run_at) FROM cofila_jobs WHERE queue = ?1 AND state = 1", "cofila_jobs_delayed (queue=?)"},
        {"state = 1 AND (run_at, position) >", "cofila_jobs_delayed (queue=? AND (run_at,position)>(?,?))"},
        {"state = 0 AND (priority, position) < (?2, ?3) ORDER BY", "(queue=? AND (priority,position)<(?,?))"},
        {"state = 1 AND (run_at, position) <", "cofila_jobs_delayed (queue=? AND (run_at,position)<(?,?))"},
        {"state = 2 AND key <", "cofila_jobs_active (queue=? AND state=? AND rowid<?)"},
        {"ORDER BY finished_at DESC, key DESC LIMIT ?4", "cofila_jobs_finished (queue=? AND state=?"},
        {"UNION ALL SELECT key, id", "MERGE (UNION ALL)"},
        {"AS q WHERE", "cofila_jobs_id (queue=?)"},
        {"state = 2 AND key >", "cofila_jobs_active (queue=? AND state=? AND rowid>?)"},
        {"SELECT EXISTS", "cofila_jobs_waiting (queue=?)"},
        {"SELECT EXISTS", "cofila_jobs_active (queue=? AND state=?)"},
        {"state = 4 AND finished_at IS NOT NULL AND (fin", "cofila_jobs_finished (queue=? AND state=?"},
        {"state = 5 AND finished_at IS NOT NULL AND (fin", "cofila_jobs_finished (queue=? AND state=?"},
        {"prune_at <=", "cofila_jobs_prune_at (prune_at"},
        {"(queue, state, prune_count) >", "cofila_jobs_prune_count ((queue,state,prune_count)>(?,?,?))"},
        {"AND prune_count = ?3", "cofila_jobs_prune_count (queue=? AND state=? AND prune_count=?"},
        {"OFFSET", "COVERING INDEX cofila_jobs_finished (queue=? AND state=?"},
        {"expires_at <= ?1", "cofila_jobs_expires_at (expires_at"},
        {"(priority, position) < (?2, ?3)", "cofila_jobs_waiting (queue=? AND (priority,position)<(?,?))"},
        {"state = 0 AND priority = ?2", "COVERING INDEX cofila_jobs_waiting (queue=? AND priority=?)"},
        {"group_key > ?2", "cofila_jobs_group (queue=? AND state=? AND group_key>?)"},
        {"state = 0 AND group_key = ?3", "cofila_jobs_group (queue=? AND state=? AND group_key=?)"},
        {"SELECT key, group_key FROM", "cofila_jobs_waiting (queue=?)"},
        {"state = 2 AND group_key = ?2", "cofila_jobs_group (queue=? AND state=? AND group_key=?)"},
        {"AND dedup_id = ?2", "cofila_jobs_dedup (queue=? AND dedup_id=?)"},
        {"kept_for = ?1", "cofila_jobs_kept_for (kept_for=?)"},
        {"FROM cofila_claim_log", "PRIMARY KEY (queue=?"},
        {"FROM cofila_groups", "PRIMARY KEY (queue=?"},
        {"SELECT sequence, kind", "PRIMARY KEY (queue=? AND sequence>?)"},
        {"SELECT minute, state", "PRIMARY KEY (queue=? AND minute>? AND minute<?)"},
        {"WITH RECURSIVE line", "cofila_jobs_waiting (queue=? AND priority>?)"},
        {"LEFT JOIN cofila_workers", "cofila_workers USING PRIMARY KEY (id=?)"},
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
