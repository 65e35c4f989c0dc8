// Takes the next jobs of a queue, in one transaction that holds the write lock, so that limits need no locks of their
// own. First comes how many may be taken at all: none while the queue is paused or rests, else as many as the global
// concurrency (counted from active rows) and the rate (summed from the claim log) leave room for. A queue with groups
// is served in turns by turns.cpp; any other gives its jobs by priority and position. A job that is damaged or
// has expired is failed on the way, at most 1000 in one claim, so that it never stands in the way of others and the
// transaction stays short. The claims are then noted for the rates, under a time that is never before the newest note.
// A claim that comes back short also returns when it is worth asking again. `find_nothing` decides the same by reading
// alone: an idle worker must not take the write lock to learn that there is nothing.
#include "sqlite/claiming.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "domain/fetch_plan.hpp"
#include "domain/limits.hpp"
#include "domain/transitions.hpp"
#include "sqlite/rows.hpp"
#include "sqlite/settings.hpp"
#include "sqlite/turns.hpp"

namespace cofila::sqlite {

namespace {

std::vector<job_record> best_waiting(session& with, std::int64_t queue, int limit, time_point now)
{
    std::vector<job_record> out;
    auto row = with.sql().query(
        "SELECT " COFILA_JOB_COLUMNS " FROM cofila_jobs WHERE queue = ?1 AND state = 0 AND " COFILA_NOT_EARLY
        " ORDER BY priority, position LIMIT ?3",
        queue,
        now,
        limit
    );
    while (row.step())
        out.push_back(read_job(with, row));
    return out;
}

/// Returns the best jobs that may run. Damaged and expired ones are failed, so that they never stand in the way of
/// others. The search is repeated after that: other jobs move up, and one that was kept for the end of a failed one may
/// come before them.
std::vector<job_record> best_fit(
    session& with, std::int64_t queue, int limit, time_point now, taken& out, news_list& news
)
{
    for (;;) {
        std::vector<job_record> fit;
        bool again = false;
        for (auto& job : best_waiting(with, queue, limit, now)) {
            const auto end = domain::unfit(job, now);
            if (!end) {
                fit.push_back(std::move(job));
                continue;
            }
            out.stopped = out.ended++ >= domain::most_ended;
            if (out.stopped)
                return fit;
            again = true;
            end_unfit(with, queue, job, *end, news);
            if (job.options->dedup)
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

/// The earliest time of jobs that wait because another process's clock was ahead of `now`.
std::optional<time_point> first_early(session& with, std::int64_t queue, time_point now)
{
    auto row = with.sql().query(
        "SELECT min(run_at) FROM cofila_jobs WHERE queue = ?1 AND state = 0 AND run_at > ?2", queue, now
    );
    return row.step() ? row.time(0) : std::nullopt;
}

bool any_waiting(session& with, std::int64_t queue, time_point now)
{
    auto row = with.sql().query(
        "SELECT 1 FROM cofila_jobs WHERE queue = ?1 AND state = 0 AND " COFILA_NOT_EARLY " LIMIT 1", queue, now
    );
    return row.step();
}

int active_jobs(session& with, std::int64_t queue)
{
    auto row = with.sql().query("SELECT count(*) FROM cofila_jobs WHERE queue = ?1 AND state = 2", queue);
    return row.step() ? static_cast<int>(row.number(0)) : 0;
}

/// What limits a claim at one moment.
class situation_of_claim {
public:
    situation_of_claim(session& with, std::int64_t queue, int wanted, time_point now)
        : with_{with},
          queue_{queue},
          wanted_{wanted},
          now_{now},
          settings_{read_settings(with, queue)},
          window_{domain::longest_window(settings_.limits)}
    {
        if (!window_)
            return;
        past_ = past_claims(with, queue, nullptr);
        at_ = domain::time_of_claim(past_, *window_, now);
    }

    const queue_limits& limits() const { return settings_.limits; }
    bool grouped() const { return settings_.grouped; }
    bool rests() const { return limits().paused || (limits().rests_until && *limits().rests_until > now_); }
    turn_search search() const { return {with_, queue_, limits(), wanted_, now_, at_}; }

    domain::claim_room room() const
    {
        const auto& concurrency = limits().concurrency;
        const int active = concurrency ? active_jobs(with_, queue_) : 0;
        return domain::room_for(wanted_, concurrency, active, limits().rate, past_, at_);
    }

    /// Whether the end of another job may make room for more than was claimed.
    bool limited(std::size_t claimed) const
    {
        return std::cmp_less(claimed, wanted_) && (limits().concurrency || limits().group.concurrency);
    }

    /// When a claim may find more.
    std::optional<time_point> next(std::optional<time_point> again) const
    {
        const bool waiting = any_waiting(with_, queue_, now_);
        auto due = first_due(with_, queue_);
        if (const auto early = waiting ? std::nullopt : first_early(with_, queue_, now_))
            due = due ? std::min(*due, *early) : *early;
        return domain::next_look(due, limits().rests_until, again, waiting, now_);
    }

    void note(const std::vector<job_snapshot>& claimed) const
    {
        if (window_ && !claimed.empty())
            note_claims(with_, queue_, limits(), claimed, at_, *window_);
    }

private:
    session& with_;
    const std::int64_t queue_;
    const int wanted_;
    const time_point now_;
    const stored_settings settings_;
    const std::optional<milliseconds> window_;
    std::vector<domain::claim_note> past_{};
    time_point at_ = now_;
};

}  // namespace

taken claim(session& with, std::int64_t queue, const claim_order& order, time_point now, news_list& news)
{
    const situation_of_claim here{with, queue, static_cast<int>(order.tokens.size()), now};
    std::optional<time_point> again;
    taken out;
    if (!here.rests()) {
        const auto room = here.room();
        again = room.again;
        if (here.grouped())
            claim_in_turns({.search = here.search(), .order = order, .out = out, .news = news}, room.jobs, again);
        else if (room.jobs > 0)
            for (auto& job : best_fit(with, queue, room.jobs, now, out, news))
                out.claimed.push_back(lock_job(with, std::move(job), order, out.claimed.size(), now));
        if (out.stopped)
            again = now;
        here.note(out.claimed);
        out.limited = here.limited(out.claimed.size());
    }
    if (out.claimed.size() < order.tokens.size())
        out.next = here.next(again);
    return out;
}

std::optional<taken> find_nothing(session& with, std::int64_t queue, int wanted, time_point now)
{
    if (const auto due = first_due(with, queue); due && *due <= now)
        return {};
    const situation_of_claim here{with, queue, wanted, now};
    std::optional<time_point> again;
    taken out;
    if (!here.rests()) {
        const auto room = here.room();
        again = room.again;
        const bool any =
            here.grouped() ? any_turn(here.search(), room.jobs, again) : room.jobs > 0 && any_waiting(with, queue, now);
        if (any)
            return {};
        out.limited = here.limited(0);
    }
    out.next = here.next(again);
    return out;
}

prospect claimable(session& with, const std::string& queue, time_point now)
{
    const auto number = with.find_queue(queue);
    if (!number)
        return {};
    if (const auto nothing = find_nothing(with, *number, 1, now))
        return {.next = nothing->next};
    auto row = with.sql().query(
        "SELECT (SELECT count(*) FROM (SELECT 1 FROM cofila_jobs WHERE queue = ?1 AND state = 0 LIMIT 1000)) "
        "+ (SELECT count(*) FROM (SELECT 1 FROM cofila_jobs WHERE queue = ?1 AND state = 1 AND run_at <= ?2 LIMIT "
        "1000))",
        *number,
        now
    );
    return {.jobs = row.step() ? static_cast<std::size_t>(row.number(0)) : 0, .next = first_due(with, *number)};
}

}  // namespace cofila::sqlite
