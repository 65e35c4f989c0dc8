// cofila_groups has one row for each group. While a job of the group may run - something waits, and its concurrency and
// order allow it - the row holds where the group's next job stands. The index cofila_groups_ready has those of them
// that do not rest, in the order in which they are served; cofila_groups_resting has the others. The kept place is
// never counted up or down but read anew from the tables of waiting, delayed and active jobs, for each group that a
// transaction has touched: so it cannot drift.
#include <algorithm>
#include <limits>

#include "sqlite/rows.hpp"
#include "sqlite/tables.hpp"

namespace cofila::sqlite {

namespace {

// What the group's limits allow is looked at once, and not for each job that waits.
#define COFILA_NEXT_OF_GROUP(group, concurrency, keep_order)                                                           \
    "SELECT priority, position FROM (SELECT w.priority, w.position FROM cofila_waiting_grouped AS w "                  \
    "WHERE w.queue = ?1 AND w.group_number = " group " ORDER BY w.priority, w.position LIMIT 1) WHERE (" concurrency   \
    " IS NULL OR " concurrency                                                                                         \
    " > (SELECT count(*) FROM cofila_active AS a WHERE a.queue = ?1 AND a.group_number = " group ")) AND (" keep_order \
    " = 0 OR NOT EXISTS (SELECT 1 FROM cofila_delayed AS d WHERE d.queue = ?1 AND d.group_number = " group             \
    " AND d.started = 1))"

/// Writes the last turn of a group, if it had one, together with the next.
void refresh_turn(
    session& tx, std::int64_t queue, std::int64_t group, std::optional<std::int64_t> served, const group_options& limits
)
{
    std::optional<std::int64_t> priority;
    std::optional<std::int64_t> position;
    {
        auto row = tx.sql().query(
            COFILA_NEXT_OF_GROUP("?2", "?3", "?4"), queue, group, limits.concurrency, int{limits.keep_order}
        );
        if (row.step()) {
            priority = row.number(0);
            position = row.number(1);
        }
    }
    tx.sql().exec(
        "UPDATE cofila_groups SET priority = ?2, position = ?3, served = coalesce(?5, served) WHERE number = ?1 "
        "AND queue = ?4 AND (priority IS NOT ?2 OR position IS NOT ?3 OR served IS NOT coalesce(?5, served))",
        group,
        priority,
        position,
        queue,
        served
    );
}

/// The turns of all groups of a queue.
void refresh_all(session& tx, std::int64_t queue, const group_options& limits)
{
    tx.sql().exec(
        "UPDATE cofila_groups SET rests_until = NULL, (priority, position) = (" COFILA_NEXT_OF_GROUP(
            "cofila_groups.number", "?2", "?3"
        ) ") WHERE queue = ?1",
        queue,
        limits.concurrency,
        int{limits.keep_order}
    );
}

}  // namespace

void tables::refresh_turns()
{
    for (auto& touched = tx_.touched(); !touched.empty(); touched.erase(touched.begin())) {
        const auto& [which, served] = *touched.begin();
        const auto& [queue, group] = which;
        const auto limits = settings(queue).settings.group;
        if (group == session::all_groups)
            refresh_all(tx_, queue, limits);
        else
            refresh_turn(tx_, queue, group, served, limits);
    }
}

std::vector<store::group_turn> tables::best_groups(
    std::int64_t queue, const std::optional<store::group_turn>& after, int limit, time_point now
)
{
    constexpr auto least = std::numeric_limits<std::int64_t>::min();
    const auto last = after.value_or(store::group_turn{.turn = {.served = least, .next = {least, least}}});
    std::vector<store::group_turn> out;
    out.reserve(static_cast<std::size_t>(std::clamp(limit, 0, 64)));
    auto row = sql_.query(
        "SELECT g.number, g.name, g.served, g.priority, g.position, " COFILA_PLACE_AGREES ", " COFILA_WAITING_JOB
        ", " COFILA_RARITIES " FROM cofila_groups AS g LEFT JOIN cofila_waiting_grouped AS w ON w.queue = ?1 "
        "AND w.group_number = g.number AND w.priority = g.priority AND w.position = g.position "
        "LEFT JOIN cofila_jobs AS j ON j.key = w.key LEFT JOIN cofila_rare AS r ON r.job = w.key "
        "WHERE g.queue = ?1 AND g.priority IS NOT NULL AND g.rests_until IS NULL "
        "AND (g.priority, g.served, g.position, g.number) > (?2, ?3, ?4, ?5) "
        "ORDER BY g.priority, g.served, g.position, g.number LIMIT ?6",
        queue,
        last.turn.next.first,
        last.turn.served,
        last.turn.next.second,
        last.number,
        limit
    );
    while (row.step() && (out.empty() || row.number(3) == out.front().turn.next.first)) {
        if (!out.empty() && out.back().number == row.number(0))  // in a damaged file two jobs may have one place
            continue;
        auto& group = out.emplace_back(store::group_turn{
            .number = row.number(0),
            .turn = {.key = row.text(1), .served = row.number(2), .next = {row.number(3), row.number(4)}}
        });
        if (const auto early = not_before(row, 6); !row.is_null(6) && !(early && *early > now))
            group.job = read_waiting_job_and_rarities(tx_, row, 5);
    }
    return out;
}

bool tables::any_ready_group(std::int64_t queue)
{
    return sql_
        .query(
            "SELECT 1 FROM cofila_groups WHERE queue = ?1 AND priority IS NOT NULL AND rests_until IS NULL LIMIT 1",
            queue
        )
        .step();
}

std::optional<job_record> tables::first_in_group(std::int64_t queue, std::int64_t group, time_point now)
{
    auto row = sql_.query(
        "SELECT " COFILA_PLACE_AGREES ", " COFILA_WAITING_JOB
        " FROM cofila_waiting_grouped AS w JOIN cofila_jobs AS j ON j.key = w.key "
        "WHERE w.queue = ?1 AND w.group_number = ?2 AND (j.run_at IS NULL OR j.run_at <= ?3) "
        "ORDER BY w.priority, w.position, w.key LIMIT 1",
        queue,
        group,
        now
    );
    if (row.step())
        return read_waiting_job(tx_, row, 0);
    // In a damaged file the group would be looked at for ever.
    sql_.exec(
        "DELETE FROM cofila_waiting_grouped WHERE queue = ?1 AND group_number = ?2 "
        "AND NOT EXISTS (SELECT 1 FROM cofila_jobs AS j WHERE j.key = cofila_waiting_grouped.key)",
        queue,
        group
    );
    tx_.touch(queue, group);
    return {};
}

std::int64_t tables::last_turn_of_ungrouped(std::int64_t queue)
{
    auto row = sql_.query("SELECT served FROM cofila_groups WHERE queue = ?1 AND name = ''", queue);
    return row.step() ? row.number(0) : 0;
}

/// Turns are numbered like positions: they only have to grow. Where a damaged file has used these up, all have the
/// last.
std::int64_t tables::note_turn(std::int64_t queue, std::int64_t group)
{
    const auto turn = tx_.next_turn(queue);
    if (group != 0)
        tx_.touched()[{queue, group}] = turn;
    else
        sql_.exec("UPDATE cofila_groups SET served = ?2 WHERE number = ?1", tx_.group_number(queue, ""), turn);
    return turn;
}

void tables::rest_group(std::int64_t group, time_point until)
{
    sql_.exec("UPDATE cofila_groups SET rests_until = ?2 WHERE number = ?1", group, until);
}

void tables::wake_groups(std::int64_t queue, time_point until)
{
    sql_.exec(
        "UPDATE cofila_groups SET rests_until = NULL WHERE queue = ?1 AND priority IS NOT NULL "
        "AND rests_until IS NOT NULL AND rests_until <= ?2",
        queue,
        until
    );
}

std::optional<time_point> tables::first_rest(std::int64_t queue)
{
    auto row = sql_.query(
        "SELECT min(rests_until) FROM cofila_groups WHERE queue = ?1 AND priority IS NOT NULL "
        "AND rests_until IS NOT NULL",
        queue
    );
    return row.step() ? row.time(0) : std::nullopt;
}

bool tables::in_the_middle(std::int64_t queue, const std::string& group)
{
    return sql_
        .query(
            "SELECT 1 FROM cofila_groups AS g JOIN cofila_delayed AS d ON d.queue = ?1 AND d.group_number = g.number "
            "WHERE g.queue = ?1 AND g.name = ?2 AND d.started = 1 LIMIT 1",
            queue,
            group
        )
        .step();
}

}  // namespace cofila::sqlite
