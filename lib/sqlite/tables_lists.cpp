#include <algorithm>
#include <utility>

#include "sqlite/rows.hpp"
#include "sqlite/tables.hpp"

/// Jobs in the order of the listings of their states, and how many there are.
namespace cofila::sqlite {

namespace {

constexpr int most_holders = 10;

/// How a listing is read in both directions, by statements that take (queue, first, second, limit).
struct reading {
    const char* forwards;
    const char* backwards;
    int first_column;  ///< Where the columns of the job begin.
};

#define COFILA_FORWARDS(columns) "(" columns ") > (?2, ?3)"
#define COFILA_BACKWARDS(columns) "(" columns ") < (?2, ?3)"
// SQLite merges the two orders.
#define COFILA_LIST_WAITING(range, order)                                                                              \
    "SELECT w.priority, w.position, " COFILA_WAITING_JOB " FROM cofila_waiting AS w JOIN cofila_jobs AS j "            \
    "ON j.key = w.key WHERE w.queue = ?1 AND " range("w.priority, w.position"                                          \
    ) " UNION ALL SELECT w.priority, "                                                                                 \
      "w.position, " COFILA_WAITING_JOB " FROM cofila_waiting_grouped AS w JOIN cofila_jobs AS j ON j.key = w.key "    \
      "WHERE w.queue = ?1 AND " range("w.priority, w.position") " ORDER BY 1 " order ", 2 " order " LIMIT ?4"
#define COFILA_LIST_DELAYED(range, order)                                                                              \
    "SELECT " COFILA_DELAYED_JOB " FROM cofila_delayed AS d JOIN cofila_jobs AS j ON j.key = d.key "                   \
    "WHERE d.queue = ?1 AND " range("d.run_at, d.position") " ORDER BY d.run_at " order ", d.position " order          \
                                                            " LIMIT ?4"
#define COFILA_LIST_ACTIVE(range, order)                                                                               \
    "SELECT " COFILA_ACTIVE_JOB " FROM cofila_active AS a JOIN cofila_jobs AS j ON j.key = a.key "                     \
    "WHERE a.queue = ?1 AND a.key " range " ?2 ORDER BY a.key " order " LIMIT ?4"
#define COFILA_FINISHED_OF(state, range)                                                                               \
    "SELECT f.finished_at, f.key, " COFILA_FINISHED_JOB " FROM cofila_finished AS f JOIN cofila_jobs AS j "            \
    "ON j.key = f.key WHERE f.queue = ?1 AND f.state = " state " AND " range("f.finished_at, f.key")
#define COFILA_LIST_FINISHED(state, range, order)                                                                      \
    COFILA_FINISHED_OF(state, range) " ORDER BY 1 " order ", 2 " order " LIMIT ?4"
#define COFILA_LIST_BOTH(range, order)                                                                                 \
    COFILA_FINISHED_OF("4", range)                                                                                     \
    " UNION ALL " COFILA_FINISHED_OF("5", range) " ORDER BY 1 " order ", 2 " order " LIMIT ?4"

/// Unset for the jobs of a state that no job is in yet.
std::optional<reading> reading_of(char listing)
{
    switch (listing) {
    case 'w':
        return reading{COFILA_LIST_WAITING(COFILA_FORWARDS, ""), COFILA_LIST_WAITING(COFILA_BACKWARDS, "DESC"), 2};
    case 'd':
        return reading{COFILA_LIST_DELAYED(COFILA_FORWARDS, ""), COFILA_LIST_DELAYED(COFILA_BACKWARDS, "DESC"), 0};
    case 'a':
        return reading{COFILA_LIST_ACTIVE(">", ""), COFILA_LIST_ACTIVE("<", "DESC"), 0};
    case 'c':
        return reading{
            COFILA_LIST_FINISHED("4", COFILA_FORWARDS, ""), COFILA_LIST_FINISHED("4", COFILA_BACKWARDS, "DESC"), 2
        };
    case 'f':
        return reading{
            COFILA_LIST_FINISHED("5", COFILA_FORWARDS, ""), COFILA_LIST_FINISHED("5", COFILA_BACKWARDS, "DESC"), 2
        };
    case 'e':
        return reading{COFILA_LIST_BOTH(COFILA_FORWARDS, ""), COFILA_LIST_BOTH(COFILA_BACKWARDS, "DESC"), 2};
    default:
        return {};
    }
}

void add_holders(limit_use& use, session& tx, bound_statement rows)
{
    for (; rows.step(); ++use.active)
        if (use.active < most_holders)
            if (auto job = find_job(tx, rows.number(0)))
                use.holders.push_back(std::move(job->id));
}

}  // namespace

void tables::walk(
    std::int64_t queue,
    char listing,
    const store::listing_place& after,
    bool newest_first,
    int limit,
    const std::function<bool(job_record)>& next
)
{
    const auto chosen = reading_of(listing);
    if (!chosen)
        return;
    auto rows =
        sql_.query(newest_first ? chosen->backwards : chosen->forwards, queue, after.first, after.second, limit);
    while (rows.step() && next(read_job(tx_, rows, chosen->first_column))) {}
}

job_counts tables::counts(std::int64_t queue)
{
    auto row = sql_.query(
        "SELECT (SELECT count(*) FROM cofila_waiting WHERE queue = ?1) "
        "+ (SELECT count(*) FROM cofila_waiting_grouped WHERE queue = ?1), "
        "(SELECT count(*) FROM cofila_delayed WHERE queue = ?1), (SELECT count(*) FROM cofila_active WHERE queue = "
        "?1), "
        "(SELECT count(*) FROM cofila_finished WHERE queue = ?1 AND state = 4), "
        "(SELECT count(*) FROM cofila_finished WHERE queue = ?1 AND state = 5)",
        queue
    );
    row.step();
    const auto count = [&](int column) { return static_cast<std::size_t>(row.number(column)); };
    return {.waiting = count(0), .delayed = count(1), .active = count(2), .completed = count(3), .failed = count(4)};
}

std::size_t tables::count_of_priority(std::int64_t queue, int priority)
{
    auto row = sql_.query(
        "SELECT (SELECT count(*) FROM cofila_waiting WHERE queue = ?1 AND priority = ?2) "
        "+ (SELECT count(*) FROM cofila_waiting_grouped WHERE queue = ?1 AND priority = ?2)",
        queue,
        priority
    );
    return row.step() ? static_cast<std::size_t>(row.number(0)) : 0;
}

std::size_t tables::count_before(std::int64_t queue, const job_record& job)
{
    auto row = sql_.query(
        "SELECT (SELECT count(*) FROM cofila_waiting WHERE queue = ?1 AND (priority, position) < (?2, ?3)) "
        "+ (SELECT count(*) FROM cofila_waiting_grouped WHERE queue = ?1 AND (priority, position) < (?2, ?3))",
        queue,
        job.priority,
        job.position
    );
    return row.step() ? static_cast<std::size_t>(row.number(0)) : 0;
}

limit_use tables::holders(std::int64_t queue, const std::string* group)
{
    limit_use out;
    if (group)
        add_holders(
            out,
            tx_,
            sql_.query(
                "SELECT a.key FROM cofila_groups AS g JOIN cofila_active AS a ON a.queue = ?1 "
                "AND a.group_number = g.number WHERE g.queue = ?1 AND g.name = ?2 ORDER BY a.key",
                queue,
                *group
            )
        );
    else
        add_holders(out, tx_, sql_.query("SELECT key FROM cofila_active WHERE queue = ?1 ORDER BY key", queue));
    return out;
}

std::vector<store::stored_line> tables::log(std::int64_t key, std::int64_t after, bool newest_first, int limit)
{
    auto rows = sql_.query(
        newest_first ? "SELECT at, line, sequence FROM cofila_logs WHERE job = ?1 AND sequence < ?2 "
                       "ORDER BY sequence DESC LIMIT ?3"
                     : "SELECT at, line, sequence FROM cofila_logs WHERE job = ?1 AND sequence > ?2 "
                       "ORDER BY sequence LIMIT ?3",
        key,
        after,
        limit
    );
    std::vector<store::stored_line> out;
    while (rows.step())
        out.push_back(
            {.sequence = rows.number(2), .line = {.at = time_point{milliseconds{rows.number(0)}}, .text = rows.text(1)}}
        );
    return out;
}

std::optional<time_point> tables::last_claim(std::int64_t queue)
{
    auto row = sql_.query(
        "SELECT max(at) FROM (SELECT max(processed_at) AS at FROM cofila_active WHERE queue = ?1 "
        "UNION ALL SELECT * FROM (SELECT processed_at FROM cofila_finished WHERE queue = ?1 AND state = 4 "
        "ORDER BY finished_at DESC, key DESC LIMIT 1) "
        "UNION ALL SELECT * FROM (SELECT processed_at FROM cofila_finished WHERE queue = ?1 AND state = 5 "
        "ORDER BY finished_at DESC, key DESC LIMIT 1))",
        queue
    );
    return row.step() ? row.time(0) : std::nullopt;
}

}  // namespace cofila::sqlite
