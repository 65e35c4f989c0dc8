// How PostgreSQL finds rows: by the same indexes whatever it knows about the tables. A plan is made once for each
// connection, often while a table is empty, and is used when it is full.
#include <algorithm>
#include <map>
#include <regex>
#include <string>
#include <vector>

#include "integration/every_operation.hpp"
#include "postgres/schema.hpp"
#include "postgres/session.hpp"
#include "support/postgres_schema.hpp"
#include "support/print.hpp"

using namespace cofila;
using namespace cofila::test;

namespace {

using lines = std::vector<std::string>;
/// By the texts of the statements.
using plans = std::map<std::string, lines>;

/// Many rows in each table that grows with the jobs.
constexpr const char* fill = R"sql(
INSERT INTO @jobs (key, created_at, queue, id, random, name, own_options, data)
    SELECT 1000000 + i, i, 1 + i % 20, CASE WHEN i % 2 = 0 THEN 'id' || i END, '\x01', 'task', '{}', '1'
    FROM generate_series(1, 20000) AS i;
INSERT INTO @live (key, queue, state, priority, position, run_at, group_number, token, expires_at, dedup_id, kept_for)
    SELECT 1000000 + i, 1 + i % 20, i / 20 % 3, i % 5, i, i, CASE WHEN i / 60 % 2 = 0 THEN i % 500 END, 'token' || i,
        CASE WHEN i % 10 = 0 THEN i END, CASE WHEN i % 10 = 1 THEN 'd' || i END, CASE WHEN i % 10 = 2 THEN i END
    FROM generate_series(1, 10000) AS i;
INSERT INTO @finished (key, queue, state, was, finished_at, priority, prune_at, prune_count, dedup_id, expires_at,
    attempts_made, attempts_started, stalled_count, deferrals, progress, failed_reason, result)
    SELECT 1000000 + i, 1 + i % 20, 4 + i % 2, 2, i, 0, i, i % 7, CASE WHEN i % 10 = 1 THEN 'f' || i END,
        CASE WHEN i % 10 = 0 THEN i END, 1, 1, 0, 0, '', '', '' FROM generate_series(10001, 20000) AS i;
INSERT INTO @groups (number, queue, name, priority, position, rests_until)
    SELECT 1000 + i, 1 + i % 20, 'group' || i, i % 5, i, CASE WHEN i % 2 = 0 THEN i END
    FROM generate_series(1, 1000) AS i;
INSERT INTO @claim_log SELECT 1 + i % 20, 1, i, 'group' || i % 50 FROM generate_series(1, 5000) AS i;
INSERT INTO @events (queue, sequence, kind, state, job, text)
    SELECT 1 + i % 20, 1000 + i, 0, 0, 'id', '' FROM generate_series(1, 5000) AS i;
INSERT INTO @attempts (job, at, sequence, number, unrecoverable, message, type, detail, worker)
    SELECT 1000000 + i, i, 1, 1, false, '', '', '', '' FROM generate_series(1, 5000) AS i;
INSERT INTO @logs (job, sequence, at, line) SELECT 1000000 + i, 1, i, '' FROM generate_series(1, 5000) AS i;
INSERT INTO @metrics (queue, state, slot, minute, jobs, total, longest)
    SELECT 1 + i % 20, 4, 0, i, 1, 1, 1 FROM generate_series(1, 5000) AS i;
INSERT INTO @cursors (queue, place, name) SELECT 1 + i % 20, 1, 'cursor' || i FROM generate_series(1, 1000) AS i;
)sql";

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

bool has_plan(const std::string& sql)
{
    constexpr const char* commands[] = {"SELECT ", "WITH ", "INSERT ", "UPDATE ", "DELETE "};
    return std::ranges::any_of(commands, [&](const auto* command) { return sql.starts_with(command); });
}

/// As many NULLs as the statement has parameters.
std::string arguments_of(const std::string& sql)
{
    static const std::regex parameter{R"(\$(\d+))"};
    int most = 0;
    for (std::sregex_iterator at{sql.begin(), sql.end(), parameter}; at != std::sregex_iterator{}; ++at)
        most = std::max(most, std::stoi((*at)[1]));
    std::string out;
    for (int i = 0; i < most; ++i)
        out += i == 0 ? "(NULL" : ", NULL";
    return out.empty() ? out : out + ')';
}

lines plan_of(postgres::link& link, const std::string& sql)
{
    link.run("PREPARE explained AS " + sql);
    postgres::rows row{link.run("EXPLAIN (COSTS OFF) EXECUTE explained" + arguments_of(sql))};
    link.run("DEALLOCATE explained");
    lines out;
    while (row.step())
        out.push_back(row.text(0));
    return out;
}

plans plans_of(postgres::link& link, const lines& texts)
{
    plans out;
    for (const auto& sql : texts)
        if (has_plan(sql))
            out[sql] = plan_of(link, sql);
    return out;
}

struct postgres_plans_fixture {
    postgres_schema schema{};
    postgres::link_options options = schema.options();
    /// By what the server knows: the tables when they were new, after some use, with statistics, and full.
    std::map<std::string, plans> at{};

    postgres_plans_fixture()
    {
        postgres::session tx{options};
        auto& link = tx.link();
        open_schema(link);
        tx.begin_alone();
        use_everything(tx);
        tx.commit();
        tx.begin_beside_others();
        static_cast<store::tables&>(tx).best(1, 1, {});
        tx.commit();
        const auto texts = tx.sql().texts();
        at["used"] = plans_of(link, texts);
        link.run("ANALYZE");
        at["analysed"] = plans_of(link, texts);
        link.run(postgres::with_schema(fill, schema.name()));
        at["full"] = plans_of(link, texts);
        link.run("ANALYZE");
        at["full and analysed"] = plans_of(link, texts);
        const postgres_schema fresh;
        auto elsewhere = options;
        elsewhere.schema = fresh.name();
        postgres::link other{elsewhere};
        open_schema(other);
        lines moved;
        for (auto sql : texts)
            moved.push_back(std::regex_replace(sql, std::regex{schema.name() + '"'}, fresh.name() + '"'));
        at["new"] = plans_of(other, moved);
        other.run("ANALYZE");
        at["new and analysed"] = plans_of(other, moved);
    }

    template <class Check>
    void for_each_line(Check check) const
    {
        for (const auto& [when, all] : at)
            for (const auto& [sql, plan] : all)
                for (std::size_t i = 0; i < plan.size(); ++i) {
                    INFO(when, ": ", sql, "\n", plan[i]);
                    check(sql, plan, i);
                }
    }

    /// Whether a statement finds rows by that index, and for what.
    bool any_plan_by(const std::string& index) const
    {
        return std::ranges::any_of(at.at("new"), [&](const auto& one) {
            const auto& plan = one.second;
            for (std::size_t i = 0; i + 1 < plan.size(); ++i)
                if (contains(plan[i], " using " + index + " on ") && contains(plan[i + 1], "Index Cond: "))
                    return true;
            return false;
        });
    }
};

/// These are read as a whole now and then.
bool is_small(const std::string& line)
{
    constexpr const char* small[] = {" on queues", " on workers", " on options", " on meta", " on pg_"};
    return std::ranges::any_of(small, [&](const auto* table) { return contains(line, table); });
}

/// All locks are read, whatever their queue.
bool reads_all_locks(const std::string& sql) { return contains(sql, "\"workers\" AS p"); }

bool has_condition(const lines& plan, std::size_t line)
{
    return line + 1 < plan.size() && contains(plan[line + 1], "Index Cond: ");
}

}  // namespace

TEST_SUITE_BEGIN("postgres plans");

TEST_CASE_FIXTURE(
    postgres_plans_fixture, "PostgreSQL: no statement reads a whole table but those of queues and workers"
)
{
    for (const auto& [when, all] : at)
        CHECK(all.size() > 90);
    for_each_line([](const std::string& sql, const lines& plan, std::size_t i) {
        const auto& line = plan[i];
        CHECK_FALSE(contains(line, "Hash Join"));
        CHECK_FALSE(contains(line, "Merge Join"));
        CHECK_FALSE(contains(line, "Bitmap"));
        CHECK_FALSE(contains(line, "Hash Cond"));
        if (contains(line, "Seq Scan"))
            CHECK(is_small(line));
        if (contains(line, "Index Scan") || contains(line, "Index Only Scan"))
            CHECK((has_condition(plan, i) || is_small(line) || reads_all_locks(sql)));
    });
}

TEST_CASE_FIXTURE(
    postgres_plans_fixture, "PostgreSQL: what is named by its key is found by it, whatever the statistics say"
)
{
    for_each_line([](const std::string& sql, const lines& plan, std::size_t i) {
        const bool changes = sql.starts_with("UPDATE") || contains(sql, "WITH ended") || contains(sql, "WITH due");
        if (changes && contains(plan[i], "Scan using live_") && contains(plan[i], " on live l"))
            CHECK(contains(plan[i], "using live_pkey on live"));
        if (contains(plan[i], " on live") && contains(sql, "group_number = ") && has_condition(plan, i))
            CHECK((contains(plan[i], "using live_group on live") || contains(sql, "SET ")));
    });
}

TEST_CASE_FIXTURE(postgres_plans_fixture, "PostgreSQL: each index serves what it was made for")
{
    auto link = postgres_schema::link();
    postgres::rows index{
        link.run("SELECT indexname FROM pg_indexes WHERE schemaname = '" + schema.name() + "' ORDER BY indexname")
    };
    int found = 0;
    for (; index.step(); ++found) {
        const auto name = index.text(0);
        INFO(name);
        if (name != "metrics_pkey" && name != "workers_pkey" && name != "receipts_pkey")  // inserted into only
            CHECK(any_plan_by(name));
    }
    CHECK(found > 20);
}

TEST_SUITE_END();
