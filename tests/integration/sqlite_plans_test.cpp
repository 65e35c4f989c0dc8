// How SQLite finds rows: never by reading a whole table of jobs.
#include <algorithm>
#include <map>
#include <regex>

#include "integration/every_operation.hpp"
#include "integration/sqlite_support.hpp"
#include "support/print.hpp"

using namespace cofila;
using namespace cofila::test;

namespace {

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
        run_one(runner, [](sqlite::session& tx) {
            use_everything(tx);
            tx.flush();
        });
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
