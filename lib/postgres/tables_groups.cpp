// `groups` has one row for each group. While a job of the group may run - something waits, and its concurrency and
// order allow it - the row holds where the group's next job stands. The index groups_ready has those of them that do
// not rest, in the order in which they are served; groups_resting has the others. The kept place is never counted up or
// down but read anew from the group's jobs, for each group that a transaction has touched: so it cannot drift.
#include <limits>
#include <vector>

#include "postgres/rows.hpp"
#include "postgres/tables.hpp"

namespace cofila::postgres {

namespace {

// A state as a value that is not known when a plan is made: only the index over groups then fits, and none of one
// state, in which the jobs of all groups of the queue would be looked at.
#define COFILA_WAITING "(SELECT 0)"
#define COFILA_DELAYED "(SELECT 1)"
#define COFILA_ACTIVE "(SELECT 2)"

// The place of the next job of a group (g) of a queue (q) that may run.
#define COFILA_NEXT_OF_GROUP                                                                                           \
    "(SELECT w.priority, w.position FROM @live AS w WHERE w.queue = q.number AND w.group_number = g.number "           \
    "AND w.state = " COFILA_WAITING " AND (q.group_concurrency IS NULL OR q.group_concurrency > (SELECT count(*) "     \
    "FROM @live AS a WHERE a.queue = q.number AND a.group_number = g.number AND a.state = " COFILA_ACTIVE ")) "        \
    "AND (NOT q.keep_order OR NOT EXISTS (SELECT 1 FROM @live AS d WHERE d.queue = q.number "                          \
    "AND d.group_number = g.number AND d.state = " COFILA_DELAYED " AND d.attempts_started > 0)) "                     \
    "ORDER BY w.priority, w.position LIMIT 1)"

/// Writes the last turns of groups, where they had some, together with the next.
constexpr const char* refresh_touched =
    "UPDATE @groups AS u SET priority = n.priority, position = n.position, served = coalesce(g.served, u.served) "
    "FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS g (queue, number, served) "
    "JOIN @queues AS q ON q.number = g.queue LEFT JOIN LATERAL " COFILA_NEXT_OF_GROUP
    " AS n ON true WHERE u.number BETWEEN g.number AND g.number AND u.queue + 0 = g.queue AND (u.priority IS DISTINCT "
    "FROM n.priority "
    "OR u.position IS DISTINCT FROM n.position OR u.served < g.served)";

/// The turns of all groups of a queue.
constexpr const char* refresh_all =
    "UPDATE @groups AS g SET rests_until = NULL, (priority, position) = (SELECT n.priority, n.position "
    "FROM @queues AS q CROSS JOIN LATERAL " COFILA_NEXT_OF_GROUP " AS n WHERE q.number = g.queue) WHERE g.queue = $1";

}  // namespace

void tables::refresh_turns()
{
    auto& touched = tx_.touched();
    if (touched.empty())
        return;
    std::vector<std::int64_t> queues;
    std::vector<std::int64_t> groups;
    std::vector<std::optional<std::int64_t>> served;
    for (const auto& [which, turn] : touched) {
        const auto& [queue, group] = which;
        if (group == session::all_groups) {
            sql_.exec(refresh_all, queue);
            continue;
        }
        queues.push_back(queue);
        groups.push_back(group);
        served.push_back(turn);
    }
    if (!groups.empty())
        sql_.exec(refresh_touched, queues, groups, served);
    touched.clear();
}

/// Their jobs are left to be searched for.
std::vector<store::group_turn> tables::best_groups(
    std::int64_t queue, const std::optional<store::group_turn>& after, int limit, time_point
)
{
    constexpr auto least = std::numeric_limits<std::int64_t>::min();
    const auto last = after.value_or(store::group_turn{.turn = {.served = least, .next = {least, least}}});
    std::vector<store::group_turn> out;
    auto row = sql_.query(
        "SELECT number, name, served, priority, position FROM @groups WHERE queue = $1 AND priority IS NOT NULL "
        "AND rests_until IS NULL AND (priority, served, position, number) > ($2::bigint, $3, $4, $5::bigint) "
        "ORDER BY priority, served, position, number LIMIT $6",
        queue,
        last.turn.next.first,
        last.turn.served,
        last.turn.next.second,
        last.number,
        limit
    );
    while (row.step() && (out.empty() || row.number(3) == out.front().turn.next.first))
        out.push_back(
            {.number = row.number(0),
             .turn = {.key = row.text(1), .served = row.number(2), .next = {row.number(3), row.number(4)}}}
        );
    return out;
}

bool tables::any_ready_group(std::int64_t queue)
{
    return sql_
        .query("SELECT 1 FROM @groups WHERE queue = $1 AND priority IS NOT NULL AND rests_until IS NULL LIMIT 1", queue)
        .step();
}

std::optional<job_record> tables::first_in_group(std::int64_t queue, std::int64_t group, time_point now)
{
    auto row = sql_.query(
        "SELECT " COFILA_LIVE_JOB
        " FROM @live AS l JOIN @jobs AS j ON j.key BETWEEN l.key AND l.key WHERE l.queue = $1 "
        "AND l.group_number = $2 AND l.state = " COFILA_WAITING " AND (l.run_at IS NULL OR l.run_at <= $3) "
        "ORDER BY l.priority, l.position LIMIT 1",
        queue,
        group,
        now
    );
    return row.step() ? std::optional{read_job(tx_, row)} : std::nullopt;
}

std::int64_t tables::last_turn_of_ungrouped(std::int64_t queue)
{
    tx_.require_store();
    auto row = sql_.query("SELECT served FROM @groups WHERE queue = $1 AND name = ''", queue);
    return row.step() ? row.number(0) : 0;
}

std::int64_t tables::note_turn(std::int64_t queue, std::int64_t group)
{
    const auto turn = tx_.next_turn(queue);
    if (group != 0)
        tx_.touched()[{queue, group}] = turn;
    else
        sql_.exec("UPDATE @groups SET served = $2 WHERE number = $1", tx_.group_number(queue, ""), turn);
    return turn;
}

void tables::rest_group(std::int64_t group, time_point until)
{
    sql_.exec("UPDATE @groups SET rests_until = $2 WHERE number = $1", group, until);
}

void tables::wake_groups(std::int64_t queue, time_point until)
{
    sql_.exec(
        "UPDATE @groups SET rests_until = NULL WHERE queue = $1 AND priority IS NOT NULL "
        "AND rests_until IS NOT NULL AND rests_until <= $2",
        queue,
        until
    );
}

std::optional<time_point> tables::first_rest(std::int64_t queue)
{
    auto row = sql_.query(
        "SELECT rests_until FROM @groups WHERE queue = $1 AND priority IS NOT NULL AND rests_until IS NOT NULL "
        "ORDER BY rests_until LIMIT 1",
        queue
    );
    return row.step() ? row.time(0) : std::nullopt;
}

bool tables::in_the_middle(std::int64_t queue, const std::string& group)
{
    return sql_
        .query(
            "SELECT 1 FROM @live WHERE queue = $1 AND group_number = (SELECT number FROM @groups WHERE queue = $1 "
            "AND name = $2) AND state = " COFILA_DELAYED " AND attempts_started > 0 LIMIT 1",
            queue,
            group
        )
        .step();
}

}  // namespace cofila::postgres
