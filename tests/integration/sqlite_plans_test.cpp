// How SQLite finds rows: never by reading a whole table of jobs.
#include <algorithm>
#include <map>
#include <regex>

#include "integration/sqlite_support.hpp"
#include "store/adding.hpp"
#include "store/changing.hpp"
#include "store/reading.hpp"
#include "store/settling.hpp"
#include "store/sweeping.hpp"
#include "store/watching.hpp"
#include "store/writing.hpp"
#include "support/print.hpp"

using namespace cofila;
using namespace cofila::test;
using namespace std::chrono_literals;

namespace {

/// Every change once, of one job and of many.
void change_everything(sqlite::session& tx, time_point now)
{
    const std::string long_text = '"' + std::string(1000, 'x') + '"';
    store::change(tx, "q", "d", promotion{}, now);
    store::change(tx, "q", "d", new_delay{.wait = 1s}, now);
    store::change(tx, "q", "d", new_priority{.priority = 1}, now);
    store::change(tx, "q", "d", cancellation{.why = "why"}, now);
    store::add(tx, {some_job("f", "1", {.lifo = true, .ttl = 1ms}), some_job("g", "1", {.lifo = true})});
    store::update_data(tx, {.queue = "q", .id = "f"}, long_text);
    store::update_data(tx, {.queue = "q", .id = "f"}, "1");
    settle_and_claim_request request{.now = now};
    request.claim = {.queue = "q", .tokens = {{.low = 7}}, .worker = "w", .lock_duration = 30s};
    const auto job = store::settle_and_claim(tx, request).claimed.at(0);
    store::change(tx, "q", job->id, cancellation{.why = "why"}, now);
    request.settlements = {{.job = job_ref::of(*job), .change = domain::after_deferral(*job, delay_for{}, now)}};
    const auto next = store::settle_and_claim(tx, request).claimed.at(0);
    request.settlements = {{.job = job_ref::of(*next), .change = domain::after_deferral(*next, rate_limited{}, now)}};
    store::settle_and_claim(tx, request);
    store::sweep(tx, {.now = now + 1h});
    for (const auto state : {job_state::waiting, job_state::delayed, job_state::completed, job_state::failed}) {
        const job_filter filter{.state = state, .name = "task", .tag = tag{.key = "k", .value = "v"}};
        store::change_all(tx, "q", filter, {}, removal{}, now);
    }
}

/// A queue with groups, owners of deduplication ids and every limit.
void limit_everything(sqlite::session& tx, time_point now)
{
    store::set(tx, "limited", global_concurrency{.jobs = 9});
    store::set(tx, "limited", global_rate{.rate = rate_limit{.max = 9}});
    store::set(tx, "limited", group_options{.concurrency = 1, .rate = rate_limit{.max = 9}, .keep_order = true});
    const auto unique = [](const char* id, deduplication::mode how) {
        const deduplication dedup{.id = "d", .how = how, .ttl = 1s};
        return std::vector{in_queue("limited", some_job(id, "1", {.attempts = 2, .dedup = dedup, .group = "g"}))};
    };
    store::add(tx, unique("a", deduplication::mode::extend));
    store::add(tx, unique("b", deduplication::mode::extend));
    store::add(tx, {in_queue("limited", some_job("none"))});
    settle_and_claim_request request{.now = now};
    request.claim = {.queue = "limited", .tokens = {{.low = 8}, {.low = 9}}, .worker = "w", .lock_duration = 30s};
    const auto job = store::settle_and_claim(tx, request).claimed.at(0);
    store::add(tx, unique("kept", deduplication::mode::keep_last));
    store::situation(tx, "limited", "kept", now);
    request.settlements = {
        {.job = job_ref::of(*job), .change = domain::after_failure(*job, {.message = "boom"}, now, 0)}
    };
    const auto again = store::settle_and_claim(tx, request).claimed.at(0);
    request.settlements = {{.job = job_ref::of(*again), .change = domain::after_success(*again, "1", now)}};
    store::settle_and_claim(tx, request);
    store::add(tx, unique("late", deduplication::mode::extend));
}

/// A queue whose events are kept and whose jobs are counted.
void watch_everything(sqlite::session& tx, time_point now)
{
    store::set(tx, "watched", event_log{.events = 9});
    store::set(tx, "watched", metrics_log{.minutes = 9});
    store::add(tx, {in_queue("watched", some_job("a"))});
    store::set_event_cursor(tx, "watched", "reader", 1);
    store::set_event_cursor(tx, "watched", "reader", {});
    store::event_log_of(tx, "watched", "reader");
    store::events_after(tx, "watched", 0, 9);
    store::metrics(tx, "watched", now, {});
}

/// Every operation once, so that every statement has been prepared.
void use_everything(sqlite::session& tx)
{
    const auto now = manual_clock::start;
    const std::string long_text = '"' + std::string(1000, 'x') + '"';
    std::vector<job_snapshot> jobs{
        some_job("a", long_text, {.attempts = 2, .on_completed = retention::keep_last(1)}),
        some_job("b", "1", {.lifo = true, .delay = 1ms}),
        some_job("c"),
    };
    store::add(tx, jobs);
    store::add(tx, jobs);  // duplicates
    settle_and_claim_request request{.now = now};
    request.claim = {.queue = "q", .tokens = {{.low = 1}}, .worker = "w", .lock_duration = 30s};
    auto job = store::settle_and_claim(tx, request).claimed.at(0);
    const auto end = [&](transition change) {
        request.settlements = {{.job = job_ref::of(*job), .change = std::move(change)}};
        const auto answer = store::settle_and_claim(tx, request);
        if (!answer.claimed.empty())
            job = answer.claimed.front();
        return answer;
    };
    store::extend_locks(tx, now, {{.job = job_ref::of(*job), .duration = 30s}});
    store::update_progress(tx, job_ref::of(*job), "1");
    store::add_log(tx, job_ref::of(*job), {.text = "line"}, 1);
    end(domain::after_failure(*job, {.message = "boom"}, now, 0));
    end(domain::after_success(*job, long_text, now));
    request.now = now + 1s;
    for (int i = 0; i < 4; ++i)
        end(domain::after_success(*job, "1", now));
    request.settlements.clear();
    store::settle_and_claim(tx, request);
    store::change(tx, "q", "c", retrial{}, now);
    job = store::settle_and_claim(tx, request).claimed.at(0);
    tables_of(tx).locks();
    store::sweep(
        tx, {.now = now + 2s, .rescues = {{.key = job->key, .token = job->token, .locked_until = *job->locked_until}}}
    );
    store::add(tx, {some_job("d", "1", {.delay = 1h}), some_job("e", "1", {.delay = 1h})});
    change_everything(tx, now);
    limit_everything(tx, now);
    watch_everything(tx, now);
    store::set_paused(tx, "q", true);
    store::is_paused(tx, "q");
    store::get(tx, "q", "a");
    store::counts(tx, "q");
    for (const bool newest_first : {false, true}) {
        store::logs(tx, "q", "a", {.newest_first = newest_first});
        for (int state = 0; state < 6; ++state)
            store::list(tx, "q", {.state = static_cast<job_state>(state)}, {.newest_first = newest_first});
        store::list(tx, "q", {.state = {job_state::completed, job_state::failed}}, {.newest_first = newest_first});
        for (const std::string after : {"", "a"}) {
            store::list(tx, "q", {}, {.after = after.empty() ? after : 'i' + after, .newest_first = newest_first});
            store::queues(tx, {.after = after.empty() ? after : 'q' + after, .newest_first = newest_first});
        }
    }
    store::counts_by_priority(tx, "q", {0, 1});
    store::add(tx, {some_job("h")});
    store::position(tx, "q", "h");
    store::change(tx, "q", "a", removal{}, now);
    store::reset_queue(tx, "q");
    tables_of(tx).register_worker({.id = "w"});
    tables_of(tx).workers();
    tables_of(tx).forget_worker("w");
    tx.flush();
}

using lines = std::vector<std::string>;

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

/// The tables that a statement names, by what a plan calls them.
std::multimap<std::string, std::string> names_of_tables(const std::string& sql)
{
    static const std::regex naming{R"((cofila_\w+)(?:\s+(?:AS\s+)?(\w+))?)"};
    std::multimap<std::string, std::string> out;
    for (std::sregex_iterator at{sql.begin(), sql.end(), naming}; at != std::sregex_iterator{}; ++at) {
        out.emplace((*at)[1], (*at)[1]);
        if ((*at)[2].matched)
            out.emplace((*at)[2], (*at)[1]);
    }
    return out;
}

/// How SQLite carries out a statement: "SCAN" or "SEARCH", the table, and by what it is found. Where one name stands
/// for several tables there is a line for each.
lines plan_of(SQLite::Database& db, const std::string& sql)
{
    static const std::regex step{R"((SCAN|SEARCH) (\w+)(.*))"};
    const auto tables = names_of_tables(sql);
    lines out;
    SQLite::Statement plan{db, "EXPLAIN QUERY PLAN " + sql};
    while (plan.executeStep()) {
        const auto line = plan.getColumn(3).getString();
        std::smatch parts;
        const auto named =
            std::regex_match(line, parts, step) ? tables.equal_range(parts[2]) : std::pair{tables.end(), tables.end()};
        if (named.first == named.second)
            out.push_back(line);
        for (auto at = named.first; at != named.second; ++at)
            out.push_back(parts[1].str() + ' ' + at->second + parts[3].str());
    }
    return out;
}

struct plans_fixture {
    temp_folder folder{};
    std::string path = folder.file("jobs.db");
    std::map<std::string, lines> plans{};

    plans_fixture()
    {
        writing_runner runner{connecting(path), false};
        run_one(runner, use_everything);
        run_one(
            runner,
            [this](sqlite::session& tx) {
                for (const auto& sql : tx.sql().texts())
                    plans[sql] = plan_of(tx.link().db(), sql);
            },
            store::operation::kind::observe
        );
    }

    /// Whether a statement finds rows in this way.
    bool any_plan_with(const std::string& part) const
    {
        return std::ranges::any_of(plans, [&](const auto& one) {
            return std::ranges::any_of(one.second, [&](const auto& line) { return contains(line, part); });
        });
    }
};

/// All locks are read, whatever their queue; so are the workers that hold one. A lock that is not where it should be is
/// looked for everywhere.
bool reads_all_locks(const std::string& sql)
{
    if (sql.starts_with("UPDATE OR REPLACE cofila_active") || sql.starts_with("DELETE FROM cofila_active WHERE key"))
        return true;
    return contains(sql, "cofila_active") && (contains(sql, "cofila_workers") || contains(sql, "cofila_worker_names"));
}

/// A table that grows with the jobs.
bool is_large(const std::string& sql, const std::string& line)
{
    constexpr const char* large[] = {
        "jobs",
        "rare",
        "waiting",
        "waiting_grouped",
        "delayed",
        "finished",
        "bodies",
        "attempts",
        "logs",
        "claim_log",
        "groups",
        "events",
        "cursors",
        "metrics",
    };
    const auto table = line.substr(0, line.find(' ', std::string{"SCAN "}.size()));
    return (table == "SCAN cofila_active" && !reads_all_locks(sql)) ||
           std::ranges::any_of(large, [&](const auto* name) { return table == std::string{"SCAN cofila_"} + name; });
}

}  // namespace

TEST_SUITE_BEGIN("sqlite plans");

TEST_CASE_FIXTURE(plans_fixture, "no statement reads a whole table but those of the queues and workers, nor sorts")
{
    CHECK(plans.size() > 40);
    for (const auto& [sql, plan] : plans)
        for (const auto& line : plan) {
            INFO(sql, "\n", line);
            CHECK_FALSE(is_large(sql, line));
            CHECK_FALSE(contains(line, "TEMP B-TREE"));
            CHECK_FALSE(contains(line, "AUTOMATIC"));
        }
}

TEST_CASE_FIXTURE(plans_fixture, "each table and each index serves what it was made for")
{
    constexpr const char* expectations[] = {
        "cofila_waiting USING PRIMARY KEY (queue=? AND (priority,position,key)>(?,?,?))",
        "cofila_waiting USING PRIMARY KEY (queue=? AND (priority,position,key)<(?,?,?))",
        "cofila_waiting USING PRIMARY KEY (queue=? AND priority=? AND position=? AND key=?)",
        "cofila_waiting USING PRIMARY KEY (queue=? AND (priority,position)>(?,?))",
        "cofila_waiting USING PRIMARY KEY (queue=? AND (priority,position)<(?,?))",
        "cofila_waiting USING PRIMARY KEY (queue=? AND priority=?)",
        "cofila_waiting USING PRIMARY KEY (queue=? AND priority>?)",
        "cofila_waiting_grouped USING PRIMARY KEY (queue=? AND group_number=?",
        "INDEX cofila_waiting_grouped_order (queue=? AND (priority,position)>(?,?))",
        "INDEX cofila_waiting_grouped_order (queue=? AND (priority,position)<(?,?))",
        "INDEX cofila_waiting_grouped_order (queue=? AND priority=?",
        "cofila_delayed USING PRIMARY KEY (queue=? AND run_at<?)",
        "cofila_delayed USING PRIMARY KEY (queue=? AND run_at=? AND position=? AND key=?)",
        "cofila_delayed USING PRIMARY KEY (queue=? AND (run_at,position)>(?,?))",
        "cofila_delayed USING PRIMARY KEY (queue=? AND (run_at,position)<(?,?))",
        "cofila_delayed USING PRIMARY KEY (queue>?)",
        "INDEX cofila_delayed_group (queue=? AND group_number=?",
        "cofila_active USING PRIMARY KEY (queue=? AND key=?)",
        "cofila_active USING PRIMARY KEY (queue=? AND key>?)",
        "cofila_active USING PRIMARY KEY (queue=? AND key<?)",
        "INDEX cofila_active_group (queue=? AND group_number=?)",
        "cofila_finished USING INTEGER PRIMARY KEY (rowid=?)",
        "INDEX cofila_finished_order (queue=? AND state=? AND finished_at>?)",
        "INDEX cofila_finished_order (queue=? AND state=? AND finished_at<?)",
        "COVERING INDEX cofila_finished_order (queue=? AND state=?",
        "INDEX cofila_finished_prune_at (prune_at",
        "INDEX cofila_finished_prune_count ((queue,state,prune_count)>(?,?,?))",
        "INDEX cofila_finished_prune_count (queue=? AND state=? AND prune_count=?",
        "INDEX cofila_jobs_id (queue=? AND id=?)",
        "INDEX cofila_jobs_id (queue=? AND id>?)",
        "INDEX cofila_jobs_id (queue=? AND id<?)",
        "cofila_jobs USING INTEGER PRIMARY KEY (rowid=?)",
        "INDEX cofila_rare_expires_at (expires_at",
        "INDEX cofila_rare_dedup (queue=? AND dedup_id=?)",
        "INDEX cofila_rare_kept_for (kept_for=?)",
        "INDEX cofila_groups_name (queue=? AND name=?)",
        "INDEX cofila_groups_ready (queue=?",
        "INDEX cofila_groups_resting (queue=?",
        "INDEX cofila_claim_log_at (queue=?",
        "cofila_claim_log USING PRIMARY KEY (queue=? AND group_key=?",
        "cofila_events USING PRIMARY KEY (queue=? AND sequence>?)",
        "cofila_metrics USING PRIMARY KEY (queue=? AND minute>? AND minute<?)",
        "cofila_workers USING PRIMARY KEY (id=?)",
        "MERGE (UNION ALL)",
    };
    for (const auto* part : expectations) {
        INFO(std::string{part});
        CHECK(any_plan_with(part));
    }
    SQLite::Database db{path, SQLite::OPEN_READWRITE};
    SQLite::Statement index{db, "SELECT name FROM sqlite_schema WHERE type = 'index' AND name LIKE 'cofila%'"};
    while (index.executeStep()) {
        const auto name = index.getColumn(0).getString();
        INFO(name);
        CHECK(any_plan_with("INDEX " + name + " ("));
    }
    for (const auto& [sql, plan] : plans)
        for (const auto& line : plan) {
            INFO(sql, "\n", line);
            if (contains(sql, "count(*) FROM cofila_finished"))
                CHECK_FALSE(contains(line, "cofila_finished USING INDEX"));
        }
}

TEST_SUITE_END();
