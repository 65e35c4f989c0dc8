#include "sqlite/settings.hpp"

#include <algorithm>
#include <limits>
#include <optional>
#include <variant>

#include "domain/overloaded.hpp"
#include "domain/validation.hpp"
#include "sqlite/forgetting.hpp"
#include "sqlite/observation.hpp"

namespace cofila::sqlite {

namespace {

/// Whatever the file says, a limit is at least 1.
std::optional<int> read_most(bound_statement& row, int column)
{
    if (row.is_null(column))
        return {};
    return static_cast<int>(std::clamp<std::int64_t>(row.number(column), 1, std::numeric_limits<int>::max()));
}

std::optional<rate_limit> read_rate(bound_statement& row, int column)
{
    const auto max = read_most(row, column);
    if (!max)
        return {};
    const auto duration = std::clamp<std::int64_t>(row.number(column + 1), 1, domain::longest_lock.count());
    return rate_limit{.max = *max, .duration = milliseconds{duration}};
}

}  // namespace

stored_settings read_settings(session& with, std::int64_t queue)
{
    auto row = with.sql().query(
        "SELECT paused, rests_until, concurrency, rate_max, rate_window, group_concurrency, group_rate_max, "
        "group_rate_window, keep_order, grouped FROM cofila_queues WHERE number = ?1",
        queue
    );
    if (!row.step())
        return {};
    return {
        .limits =
            {.paused = row.number(0) != 0,
             .concurrency = read_most(row, 2),
             .rate = read_rate(row, 3),
             .group = {.concurrency = read_most(row, 5), .rate = read_rate(row, 6), .keep_order = row.number(8) != 0},
             .rests_until = row.time(1)},
        .grouped = row.number(9) != 0
    };
}

queue_limits read_limits(session& with, std::int64_t queue) { return read_settings(with, queue).limits; }

void set_limit(session& with, const std::string& queue, const queue_setting& what)
{
    const auto number = with.find_or_make_queue(queue);
    const auto max_of = [](const auto& rate) { return rate ? std::optional{rate->max} : std::nullopt; };
    const auto window_of = [](const auto& rate) { return rate ? std::optional{rate->duration} : std::nullopt; };
    const domain::overloaded set{
        [&](const global_concurrency& all) {
            with.sql().exec("UPDATE cofila_queues SET concurrency = ?2 WHERE number = ?1", number, all.jobs);
        },
        [&](const global_rate& all) {
            with.sql().exec(
                "UPDATE cofila_queues SET rate_max = ?2, rate_window = ?3 WHERE number = ?1",
                number,
                max_of(all.rate),
                window_of(all.rate)
            );
        },
        [&](const group_options& each) {
            with.sql().exec(
                "UPDATE cofila_queues SET group_concurrency = ?2, group_rate_max = ?3, group_rate_window = ?4, "
                "keep_order = ?5 WHERE number = ?1",
                number,
                each.concurrency,
                max_of(each.rate),
                window_of(each.rate),
                int{each.keep_order}
            );
        },
        [&](const event_log& log) { keep_events(with, number, log.events); },
        [&](const metrics_log& log) { keep_minutes(with, number, log.minutes); },
    };
    std::visit(set, what);
}

bool set_paused(session& with, const std::string& queue, bool paused)
{
    const auto number = with.find_or_make_queue(queue);
    return with.sql().exec(
               "UPDATE cofila_queues SET paused = ?2 WHERE number = ?1 AND paused <> ?2", number, int{paused}
           ) != 0;
}

bool is_paused(session& with, const std::string& queue)
{
    auto row = with.sql().query("SELECT paused FROM cofila_queues WHERE name = ?1", queue);
    return row.step() && row.number(0) != 0;
}

bool reset_queue(session& with, const std::string& queue)
{
    const auto number = with.find_queue(queue);
    if (!number)
        return false;
    forget_queue(with, *number);
    return true;
}

}  // namespace cofila::sqlite
