#include "sqlite/claiming.hpp"

#include <cofila/error.hpp>

#include <algorithm>
#include <iterator>
#include <limits>
#include <utility>

#include "domain/fetch_plan.hpp"
#include "domain/limits.hpp"
#include "domain/transitions.hpp"
#include "domain/validation.hpp"
#include "sqlite/group_claims.hpp"
#include "sqlite/jobs.hpp"
#include "sqlite/observation.hpp"
#include "sqlite/rows.hpp"

namespace cofila::sqlite {

namespace {

std::vector<job_record> best_waiting(session& with, std::int64_t queue, int limit)
{
    std::vector<job_record> out;
    auto row = with.sql().query(
        "SELECT " COFILA_JOB_COLUMNS
        " FROM cofila_jobs WHERE queue = ?1 AND state = 0 ORDER BY priority, position LIMIT ?2",
        queue,
        limit
    );
    while (row.step())
        out.push_back(read_job(with, row));
    return out;
}

/// What cannot be trusted or has expired ends here, so that it never stands in the way of the others. Looked for anew
/// after that: others come behind it, and a job that was kept for its end may come before it.
std::vector<job_record> best_fit(session& with, std::int64_t queue, int limit, time_point now, taken& out)
{
    for (;;) {
        std::vector<job_record> fit;
        bool again = false;
        for (auto& job : best_waiting(with, queue, limit)) {
            if (!is_unfit(job, now)) {
                fit.push_back(std::move(job));
                continue;
            }
            out.stopped = out.failed.size() >= domain::most_ended;
            if (out.stopped)
                return fit;
            again = true;
            out.failed.push_back(end_unfit(with, queue, std::move(job), now));
            if (out.failed.back()->options->dedup)
                break;
        }
        if (!again)
            return fit;
    }
}

std::optional<time_point> first_due(session& with, std::int64_t queue)
{
    auto row = with.sql().query("SELECT min(run_at) FROM cofila_jobs WHERE queue = ?1 AND state = 1", queue);
    return row.step() ? row.time(0) : std::nullopt;
}

bool any_waiting(session& with, std::int64_t queue)
{
    auto row = with.sql().query("SELECT 1 FROM cofila_jobs WHERE queue = ?1 AND state = 0 LIMIT 1", queue);
    return row.step();
}

int active_jobs(session& with, std::int64_t queue)
{
    auto row = with.sql().query("SELECT count(*) FROM cofila_jobs WHERE queue = ?1 AND state = 2", queue);
    return row.step() ? static_cast<int>(row.number(0)) : 0;
}

domain::claim_room queue_room(session& with, std::int64_t queue, const queue_limits& limits, int wanted, time_point now)
{
    if (!limits.concurrency && !limits.rate)
        return {.jobs = wanted};
    return domain::room_for(
        wanted,
        limits.concurrency,
        limits.concurrency ? active_jobs(with, queue) : 0,
        limits.rate,
        limits.rate ? past_claims(with, queue, nullptr) : std::vector<domain::claim_note>{},
        now
    );
}

struct settings {
    queue_limits limits{};
    bool grouped = false;
};

/// Whatever the file says: a limit lets something run.
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

settings read_settings(session& with, std::int64_t queue)
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

}  // namespace

queue_limits read_limits(session& with, std::int64_t queue) { return read_settings(with, queue).limits; }

taken claim(session& with, std::int64_t queue, const claim_order& order, time_point now)
{
    const auto [limits, grouped] = read_settings(with, queue);
    const auto wanted = static_cast<int>(order.tokens.size());
    std::optional<time_point> again;
    taken out;
    if (!limits.paused && !(limits.rests_until && *limits.rests_until > now)) {
        const auto room = queue_room(with, queue, limits, wanted, now);
        again = room.jobs < wanted ? room.again : std::nullopt;
        if (grouped)
            claim_in_turns(with, queue, limits, order, room.jobs, now, out, again);
        else if (room.jobs > 0)
            for (auto& job : best_fit(with, queue, room.jobs, now, out))
                out.claimed.push_back(lock_job(with, std::move(job), order, out.claimed.size(), now));
        if (out.stopped)
            again = now;
        if (limits.rate || limits.group.rate)
            note_claims(with, queue, limits, out.claimed, now);
        out.limited = static_cast<int>(out.claimed.size()) < wanted && (limits.concurrency || limits.group.concurrency);
    }
    if (static_cast<int>(out.claimed.size()) == wanted)
        return out;
    const bool waiting = (limits.rests_until || again) && any_waiting(with, queue);
    out.next = domain::next_look(first_due(with, queue), limits.rests_until, again, waiting, now);
    return out;
}

bool set_limit(session& with, const std::string& queue, const queue_setting& what)
{
    const auto number = with.find_or_make_queue(queue);
    const auto max_of = [](const auto& rate) { return rate ? std::optional{rate->max} : std::nullopt; };
    const auto window_of = [](const auto& rate) { return rate ? std::optional{rate->duration} : std::nullopt; };
    if (const auto* all = std::get_if<global_concurrency>(&what))
        return with.sql().exec("UPDATE cofila_queues SET concurrency = ?2 WHERE number = ?1", number, all->jobs) != 0;
    if (const auto* all = std::get_if<global_rate>(&what))
        return with.sql().exec(
                   "UPDATE cofila_queues SET rate_max = ?2, rate_window = ?3 WHERE number = ?1",
                   number,
                   max_of(all->rate),
                   window_of(all->rate)
               ) != 0;
    if (const auto* log = std::get_if<event_log>(&what)) {
        keep_events(with, number, log->events);
        return true;
    }
    if (const auto* metrics = std::get_if<metrics_log>(&what)) {
        keep_minutes(with, number, metrics->minutes);
        return true;
    }
    const auto& group = std::get<group_options>(what);
    return with.sql().exec(
               "UPDATE cofila_queues SET group_concurrency = ?2, group_rate_max = ?3, group_rate_window = ?4, "
               "keep_order = ?5 WHERE number = ?1",
               number,
               group.concurrency,
               max_of(group.rate),
               window_of(group.rate),
               int{group.keep_order}
           ) != 0;
}

}  // namespace cofila::sqlite
