#include <algorithm>
#include <limits>
#include <variant>

#include "domain/overloaded.hpp"
#include "domain/validation.hpp"
#include "postgres/forgetting.hpp"
#include "postgres/tables.hpp"
#include "postgres/watching.hpp"

/// What is set for a queue, for all processes.
namespace cofila::postgres {

namespace {

/// Whatever the row says, a number that is set is at least 1.
std::optional<int> read_most(const rows& row, int column)
{
    if (row.is_null(column))
        return {};
    return static_cast<int>(std::clamp<std::int64_t>(row.number(column), 1, std::numeric_limits<int>::max()));
}

std::optional<rate_limit> read_rate(const rows& row, int column)
{
    const auto max = read_most(row, column);
    if (!max)
        return {};
    const auto duration = std::clamp<std::int64_t>(row.number(column + 1), 1, domain::longest_lock.count());
    return rate_limit{.max = *max, .duration = milliseconds{duration}};
}

std::optional<int> max_of(const std::optional<rate_limit>& rate)
{
    return rate ? std::optional{rate->max} : std::nullopt;
}

std::optional<milliseconds> window_of(const std::optional<rate_limit>& rate)
{
    return rate ? std::optional{rate->duration} : std::nullopt;
}

void set_groups(session& tx, std::int64_t queue, const group_options& each)
{
    tx.sql().exec(
        "UPDATE @queues SET group_concurrency = $2, group_rate_max = $3, group_rate_window = $4, "
        "keep_order = $5 WHERE number = $1",
        queue,
        each.concurrency,
        max_of(each.rate),
        window_of(each.rate),
        each.keep_order
    );
    tx.touch_all(queue);
}

#define COFILA_QUEUES                                                                                                  \
    "SELECT number, name FROM @queues AS q WHERE (paused OR concurrency IS NOT NULL OR rate_max IS NOT NULL "          \
    "OR group_concurrency IS NOT NULL OR group_rate_max IS NOT NULL OR keep_order OR events IS NOT NULL "              \
    "OR minutes IS NOT NULL OR NOT (" COFILA_HAS_NO_JOBS("q.number") ")) "

rows queues_by_name(session& tx, const std::string& after, bool newest_first, int limit)
{
    if (!newest_first)
        return tx.sql().query(COFILA_QUEUES "AND name > $1 ORDER BY name LIMIT $2", after, limit);
    if (after.empty())
        return tx.sql().query(COFILA_QUEUES "ORDER BY name DESC LIMIT $1", limit);
    return tx.sql().query(COFILA_QUEUES "AND name < $1 ORDER BY name DESC LIMIT $2", after, limit);
}

}  // namespace

store::stored_settings tables::settings(std::int64_t queue)
{
    auto& known = tx_.known_settings();
    if (const auto found = known.find(queue); found != known.end())
        return found->second;
    auto row = sql_.query(
        "SELECT paused, rests_until, concurrency, rate_max, rate_window, group_concurrency, group_rate_max, "
        "group_rate_window, keep_order, grouped FROM @queues WHERE number = $1",
        queue
    );
    if (!row.step())
        return {};
    return known[queue] = {
               .settings =
                   {.paused = row.number(0) != 0,
                    .concurrency = read_most(row, 2),
                    .rate = read_rate(row, 3),
                    .group =
                        {.concurrency = read_most(row, 5), .rate = read_rate(row, 6), .keep_order = row.number(8) != 0},
                    .rests_until = row.time(1)},
               .grouped = row.number(9) != 0
           };
}

queue_settings tables::all_settings(std::int64_t queue)
{
    auto out = settings(queue).settings;
    auto row = sql_.query("SELECT events, minutes FROM @queues WHERE number = $1", queue);
    if (row.step()) {
        out.keep_events = read_most(row, 0);
        out.keep_minutes = read_most(row, 1);
    }
    return out;
}

void tables::set(std::int64_t queue, const queue_setting& setting)
{
    const domain::overloaded set{
        [&](const global_concurrency& all) {
            sql_.exec("UPDATE @queues SET concurrency = $2 WHERE number = $1", queue, all.jobs);
        },
        [&](const global_rate& all) {
            sql_.exec(
                "UPDATE @queues SET rate_max = $2, rate_window = $3 WHERE number = $1",
                queue,
                max_of(all.rate),
                window_of(all.rate)
            );
        },
        [&](const group_options& each) { set_groups(tx_, queue, each); },
        [&](const cofila::event_log& log) { keep_events(tx_, queue, log.events); },
        [&](const metrics_log& log) { keep_minutes(tx_, queue, log.minutes); },
    };
    std::visit(set, setting);
    tx_.forget_settings(queue);
}

bool tables::set_paused(std::int64_t queue, bool paused)
{
    tx_.forget_settings(queue);
    return sql_.exec("UPDATE @queues SET paused = $2 WHERE number = $1 AND paused <> $2", queue, paused) != 0;
}

void tables::rest_queue(std::int64_t queue, time_point until)
{
    sql_.exec("UPDATE @queues SET rests_until = greatest(rests_until, $2) WHERE number = $1", queue, until);
    tx_.forget_settings(queue);
}

std::vector<queue_info> tables::queues(const std::string& after, bool newest_first, int limit)
{
    auto rows = queues_by_name(tx_, after, newest_first, limit);
    std::vector<queue_info> out;
    while (rows.step())
        out.push_back({.name = rows.text(1), .settings = all_settings(rows.number(0))});
    return out;
}

void tables::forget_queue(std::int64_t queue) { postgres::forget_queue(tx_, queue); }
bool tables::any_forgettable(time_point now) { return postgres::any_forgettable(tx_, now); }
void tables::forget_some(time_point now) { postgres::forget_some(tx_, now); }
void tables::pass_on(time_point now) { postgres::pass_on(tx_, now); }
void tables::forget_if_empty(std::int64_t queue, time_point now) { postgres::forget_if_empty(tx_, queue, now); }

}  // namespace cofila::postgres
