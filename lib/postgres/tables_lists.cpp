#include <optional>
#include <utility>

#include "domain/generated_id.hpp"
#include "postgres/rows.hpp"
#include "postgres/tables.hpp"

/// Jobs in the order of their listings, and how many there are.
namespace cofila::postgres {

namespace {

constexpr std::size_t most_holders = 10;

/// How a listing is read in both directions, by statements that take (queue, first, second, limit).
struct reading {
    const char* forwards;
    const char* backwards;
    int first_column;  ///< Where the columns of the job begin.
};

#define COFILA_FORWARDS(columns) "(" columns ") > ($2::bigint, $3::bigint)"
#define COFILA_BACKWARDS(columns) "(" columns ") < ($2::bigint, $3::bigint)"
// The first rows of two lines are sorted together.
#define COFILA_MERGED(a, b, order)                                                                                     \
    "SELECT * FROM ((" a " LIMIT $4) UNION ALL (" b " LIMIT $4)) AS m ORDER BY 1 " order ", 2 " order " LIMIT $4"
#define COFILA_LINE(group, range, order)                                                                               \
    "SELECT l.priority, l.position, " COFILA_LIVE_JOB                                                                  \
    " FROM @live AS l JOIN @jobs AS j ON j.key BETWEEN l.key AND l.key "                                               \
    "WHERE l.queue = $1 AND l.state = 0 AND l.group_number IS " group                                                  \
    " AND " range("l.priority, l.position") " ORDER BY l.priority " order ", l.position " order
#define COFILA_LIST_WAITING(range, order)                                                                              \
    COFILA_MERGED(COFILA_LINE("NULL", range, order), COFILA_LINE("NOT NULL", range, order), order)
#define COFILA_LIST_DELAYED(range, order)                                                                              \
    "SELECT " COFILA_LIVE_JOB                                                                                          \
    " FROM @live AS l JOIN @jobs AS j ON j.key BETWEEN l.key AND l.key WHERE l.queue = $1 AND l.state = 1 "            \
    "AND " range("l.run_at, l.position") " ORDER BY l.run_at " order ", l.position " order " LIMIT $4"
// The server has to know of what type $3 is, which is not used here.
#define COFILA_LIST_ACTIVE(range, order)                                                                               \
    "SELECT " COFILA_LIVE_JOB                                                                                          \
    " FROM @live AS l JOIN @jobs AS j ON j.key BETWEEN l.key AND l.key WHERE l.queue = $1 AND l.state = 2 "            \
    "AND l.key " range " $2 AND $3::bigint IS NOT NULL ORDER BY l.key " order " LIMIT $4"
#define COFILA_FINISHED_OF(state, range, order)                                                                        \
    "SELECT f.finished_at, f.key, " COFILA_FINISHED_JOB                                                                \
    " FROM @finished AS f JOIN @jobs AS j ON j.key BETWEEN f.key AND f.key "                                           \
    "WHERE f.queue = $1 AND f.state = " state " AND " range("f.finished_at, f.key") " ORDER BY f.finished_at " order   \
                                                                                    ", f.key " order
#define COFILA_LIST_BOTH(range, order)                                                                                 \
    COFILA_MERGED(COFILA_FINISHED_OF("4", range, order), COFILA_FINISHED_OF("5", range, order), order)

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
            COFILA_FINISHED_OF("4", COFILA_FORWARDS, "") " LIMIT $4",
            COFILA_FINISHED_OF("4", COFILA_BACKWARDS, "DESC") " LIMIT $4",
            2
        };
    case 'f':
        return reading{
            COFILA_FINISHED_OF("5", COFILA_FORWARDS, "") " LIMIT $4",
            COFILA_FINISHED_OF("5", COFILA_BACKWARDS, "DESC") " LIMIT $4",
            2
        };
    case 'e':
        return reading{COFILA_LIST_BOTH(COFILA_FORWARDS, ""), COFILA_LIST_BOTH(COFILA_BACKWARDS, "DESC"), 2};
    default:
        return {};
    }
}

#define COFILA_LIST_IDS "SELECT " COFILA_ANY_JOB "WHERE j.queue = $1 AND "

rows given_ids(session& tx, std::int64_t queue, const std::string& after, bool newest_first, int limit)
{
    if (!newest_first)
        return tx.sql().query(COFILA_LIST_IDS "j.id > $2 ORDER BY j.id LIMIT $3", queue, after, limit);
    if (after.empty())
        return tx.sql().query(COFILA_LIST_IDS "j.id IS NOT NULL ORDER BY j.id DESC LIMIT $2", queue, limit);
    return tx.sql().query(COFILA_LIST_IDS "j.id < $2 ORDER BY j.id DESC LIMIT $3", queue, after, limit);
}

rows generated_ids(session& tx, std::int64_t queue, const std::string& after, bool newest_first, int limit)
{
    if (!newest_first)
        return tx.sql().query(
            COFILA_LIST_IDS "j.id IS NULL AND j.key >= $2 ORDER BY j.key LIMIT $3",
            queue,
            domain::first_key_at(after),
            limit
        );
    const auto last = after.empty() ? domain::most_keys : domain::first_key_at(after);
    return tx.sql().query(
        COFILA_LIST_IDS "j.id IS NULL AND j.key <= $2 ORDER BY j.key DESC LIMIT $3", queue, last, limit
    );
}

/// Jobs that come in the order of their ids, read ahead by one.
class ordered_jobs {
public:
    ordered_jobs(session& tx, rows all) : tx_{tx}, rows_{std::move(all)} { next(); }

    const std::optional<job_record>& first() const { return first_; }
    job_record take()
    {
        auto out = std::move(*first_);
        next();
        return out;
    }

private:
    void next() { first_ = rows_.step() ? std::optional{read_job(tx_, rows_)} : std::nullopt; }

    session& tx_;
    rows rows_;
    std::optional<job_record> first_{};
};

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
    auto row = sql_.query(newest_first ? chosen->backwards : chosen->forwards, queue, after.first, after.second, limit);
    while (row.step() && next(read_job(tx_, row, chosen->first_column))) {}
}

/// Both kinds of ids come in their order from an index, and are merged.
std::string tables::walk_ids(
    std::int64_t queue,
    const std::string& after,
    bool newest_first,
    int limit,
    const std::function<bool(job_record)>& next
)
{
    ordered_jobs given{tx_, given_ids(tx_, queue, after, newest_first, limit)};
    ordered_jobs generated{tx_, generated_ids(tx_, queue, after, newest_first, limit)};
    const auto is_shown = [&](const job_record& job) {
        return after.empty() || (newest_first ? job.id.str() < after : job.id.str() > after);
    };
    while (given.first() || generated.first()) {
        const bool both = given.first() && generated.first();
        const bool given_first =
            both ? (given.first()->id.str() < generated.first()->id.str()) != newest_first : given.first().has_value();
        auto job = given_first ? given.take() : generated.take();
        if (is_shown(job) && !next(std::move(job)))
            break;
    }
    return {};
}

job_counts tables::counts(std::int64_t queue)
{
    auto row = sql_.query(
        "SELECT (SELECT count(*) FROM @live WHERE queue = $1 AND state = 0 AND group_number IS NULL) "
        "+ (SELECT count(*) FROM @live WHERE queue = $1 AND state = 0 AND group_number IS NOT NULL), "
        "(SELECT count(*) FROM @live WHERE queue = $1 AND state = 1), "
        "(SELECT count(*) FROM @live WHERE queue = $1 AND state = 2), "
        "(SELECT count(*) FROM @finished WHERE queue = $1 AND state = 4), "
        "(SELECT count(*) FROM @finished WHERE queue = $1 AND state = 5)",
        queue
    );
    row.step();
    const auto count = [&](int column) { return static_cast<std::size_t>(row.number(column)); };
    return {.waiting = count(0), .delayed = count(1), .active = count(2), .completed = count(3), .failed = count(4)};
}

std::size_t tables::count_of_priority(std::int64_t queue, int priority)
{
    auto row = sql_.query(
        "SELECT (SELECT count(*) FROM @live WHERE queue = $1 AND state = 0 AND group_number IS NULL AND priority = $2) "
        "+ (SELECT count(*) FROM @live WHERE queue = $1 AND state = 0 AND group_number IS NOT NULL AND priority = $2)",
        queue,
        priority
    );
    return row.step() ? static_cast<std::size_t>(row.number(0)) : 0;
}

std::size_t tables::count_before(std::int64_t queue, const job_record& job)
{
    auto row = sql_.query(
        "SELECT (SELECT count(*) FROM @live WHERE queue = $1 AND state = 0 AND group_number IS NULL "
        "AND (priority, position) < ($2, $3)) + (SELECT count(*) FROM @live WHERE queue = $1 AND state = 0 "
        "AND group_number IS NOT NULL AND (priority, position) < ($2, $3))",
        queue,
        job.priority,
        job.position
    );
    return row.step() ? static_cast<std::size_t>(row.number(0)) : 0;
}

limit_use tables::holders(std::int64_t queue, const std::string* group)
{
    auto row =
        group ? sql_.query(
                    "SELECT j.key, j.id, j.random FROM @live AS l JOIN @jobs AS j "
                    "ON j.key BETWEEN l.key AND l.key WHERE l.queue = $1 AND l.group_number = (SELECT number "
                    "FROM @groups WHERE queue = $1 AND name = $2) AND l.state = (SELECT 2) ORDER BY l.key + 0",
                    queue,
                    *group
                )
              : sql_.query(
                    "SELECT j.key, j.id, j.random FROM @live AS l JOIN @jobs AS j ON j.key BETWEEN l.key AND l.key "
                    "WHERE l.queue = $1 AND l.state = 2 ORDER BY l.key",
                    queue
                );
    limit_use out;
    out.active = row.count();
    while (out.holders.size() < most_holders && row.step())
        out.holders.push_back(read_id(row, 0));
    return out;
}

std::vector<store::stored_line> tables::log(std::int64_t key, std::int64_t after, bool newest_first, int limit)
{
    auto row = sql_.query(
        newest_first ? "SELECT at, line, sequence FROM @logs WHERE job = $1 AND sequence < $2 "
                       "ORDER BY sequence DESC LIMIT $3"
                     : "SELECT at, line, sequence FROM @logs WHERE job = $1 AND sequence > $2 "
                       "ORDER BY sequence LIMIT $3",
        key,
        after,
        limit
    );
    std::vector<store::stored_line> out;
    while (row.step())
        out.push_back(
            {.sequence = row.number(2), .line = {.at = time_point{milliseconds{row.number(0)}}, .text = row.text(1)}}
        );
    return out;
}

std::optional<time_point> tables::last_claim(std::int64_t queue)
{
    auto row = sql_.query(
        "SELECT greatest((SELECT max(processed_at) FROM @live WHERE queue = $1 AND state = 2), "
        "(SELECT processed_at FROM @finished WHERE queue = $1 AND state = 4 ORDER BY finished_at DESC, key DESC "
        "LIMIT 1), (SELECT processed_at FROM @finished WHERE queue = $1 AND state = 5 "
        "ORDER BY finished_at DESC, key DESC LIMIT 1))",
        queue
    );
    return row.step() ? row.time(0) : std::nullopt;
}

}  // namespace cofila::postgres
