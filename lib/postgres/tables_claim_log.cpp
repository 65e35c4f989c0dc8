#include <algorithm>
#include <limits>

#include "postgres/tables.hpp"

/// The notes of claims, where there is a rate.
namespace cofila::postgres {

std::optional<time_point> tables::newest_claim(std::int64_t queue, time_point end)
{
    tx_.require_store();
    auto row =
        sql_.query("SELECT at FROM @claim_log WHERE queue = $1 AND at < $2 ORDER BY at DESC LIMIT 1", queue, end);
    return row.step() ? row.time(0) : std::nullopt;
}

bool tables::any_claim_after(std::int64_t queue, time_point at)
{
    return sql_.query("SELECT 1 FROM @claim_log WHERE queue = $1 AND at > $2 LIMIT 1", queue, at).step();
}

std::optional<domain::claim_note> tables::claims(
    std::int64_t queue, const std::string* group, time_point after, time_point before
)
{
    auto row = group ? sql_.query(
                           "SELECT sum(greatest(0, jobs)), min(at) FROM @claim_log WHERE queue = $1 "
                           "AND (group_key, at) > ($4, $2) AND (group_key, at) < ($4, $3)",
                           queue,
                           after,
                           before,
                           *group
                       )
                     : sql_.query(
                           "SELECT sum(greatest(0, jobs)), min(at) FROM @claim_log WHERE queue = $1 AND at > $2 "
                           "AND at < $3",
                           queue,
                           after,
                           before
                       );
    if (!row.step() || row.is_null(0))
        return {};
    const auto jobs = std::min<std::int64_t>(row.number(0), std::numeric_limits<int>::max());
    return domain::claim_note{.at = row.time(1).value_or(before), .jobs = static_cast<int>(jobs)};
}

void tables::note_claims(std::int64_t queue, const std::string& group, time_point at, int jobs)
{
    sql_.exec(
        "INSERT INTO @claim_log AS c (queue, group_key, at, jobs) VALUES ($1, $2, $3, $4) "
        "ON CONFLICT (queue, group_key, at) DO UPDATE SET jobs = c.jobs + excluded.jobs",
        queue,
        group,
        at,
        jobs
    );
}

void tables::forget_claims(std::int64_t queue, time_point until)
{
    sql_.exec("DELETE FROM @claim_log WHERE queue = $1 AND at <= $2", queue, until);
}

}  // namespace cofila::postgres
