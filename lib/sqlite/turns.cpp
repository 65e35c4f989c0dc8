// A claim from a queue with groups: the group with the best priority is served next, between equals the one served
// longest ago; jobs without a group form one group, with the empty key. The keys that wait are found one by one through
// the index. For each the room that its concurrency and rate leave is computed, and its next job is looked up; jobs
// that are unfit to run are failed there. `domain::serve` then decides the turns, and each turn locks one job and
// stores its number in `cofila_groups`, so that the order is the same for all processes and after a restart. With
// keep_order a group that has a job to be tried again gives nothing until that one is due. Jobs without a group have no
// index of their own and are looked for among the first 1000 that wait, which bounds what a claim costs. Everything
// happens in the claim's transaction: where it fails, no turn is used up.
#include "sqlite/turns.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <utility>

#include "domain/fetch_plan.hpp"
#include "domain/transitions.hpp"
#include "sqlite/rows.hpp"

namespace cofila::sqlite {

namespace {

using domain::turn;
using domain::waiting_group;

/// One query for each key, since SQLite would find the distinct ones by reading all rows.
std::optional<std::string> next_group(session& with, std::int64_t queue, const std::string& after)
{
    auto row = with.sql().query(
        "SELECT group_key FROM cofila_jobs WHERE queue = ?1 AND state = 0 AND group_key > ?2 "
        "ORDER BY group_key LIMIT 1",
        queue,
        after
    );
    auto next = row.step() ? std::optional{row.text(0)} : std::nullopt;
    if (next && *next <= after)  // a damaged value, which sorts after every text
        return {};
    return next;
}

std::optional<job_record> first_in_group(session& with, std::int64_t queue, const std::string& group, time_point now)
{
    auto row = with.sql().query(
        "SELECT " COFILA_JOB_COLUMNS " FROM cofila_jobs WHERE queue = ?1 AND state = 0 AND group_key = ?3 "
        "AND " COFILA_NOT_EARLY " ORDER BY priority, position LIMIT 1",
        queue,
        now,
        group
    );
    return row.step() ? std::optional{read_job(with, row)} : std::nullopt;
}

std::optional<job_record> first_without_group(session& with, std::int64_t queue, time_point now)
{
    auto row = with.sql().query(
        "SELECT key, group_key FROM cofila_jobs WHERE queue = ?1 AND state = 0 AND " COFILA_NOT_EARLY
        " ORDER BY priority, position LIMIT ?3",
        queue,
        now,
        domain::most_passed
    );
    while (row.step())
        if (row.is_null(1))
            return find_job(with, row.number(0));
    return {};
}

std::optional<job_record> first_of(const turn_search& where, const std::string& group)
{
    return group.empty() ? first_without_group(where.with, where.queue, where.now)
                         : first_in_group(where.with, where.queue, group, where.now);
}

int active_jobs(session& with, std::int64_t queue, const std::string& group)
{
    auto row = with.sql().query(
        "SELECT count(*) FROM cofila_jobs WHERE queue = ?1 AND state = 2 AND group_key = ?2", queue, group
    );
    return row.step() ? static_cast<int>(row.number(0)) : 0;
}

/// Leaves room for the turns of any claim.
constexpr std::int64_t most_turns = std::numeric_limits<std::int64_t>::max() / 2;

std::map<std::string, std::int64_t> last_turns(session& with, std::int64_t queue)
{
    std::map<std::string, std::int64_t> out;
    auto row = with.sql().query("SELECT group_key, served FROM cofila_groups WHERE queue = ?1", queue);
    while (row.step())
        out.emplace(row.text(0), std::clamp(row.number(1), std::int64_t{0}, most_turns));
    return out;
}

void note_again(std::optional<time_point>& again, const domain::claim_room& room)
{
    if (room.again)
        again = again ? std::min(*again, *room.again) : room.again;
}

domain::claim_room room_of(const turn_search& where, const std::string& group)
{
    const auto& limits = where.limits.group;
    if (group.empty())
        return {.jobs = where.wanted};
    if (limits.keep_order && in_the_middle(where.with, where.queue, group))
        return {};
    return domain::room_for(
        where.wanted,
        limits.concurrency,
        limits.concurrency ? active_jobs(where.with, where.queue, group) : 0,
        limits.rate,
        limits.rate ? past_claims(where.with, where.queue, &group) : std::vector<domain::claim_note>{},
        where.at
    );
}

class turns {
public:
    explicit turns(const turn_claim& claim)
        : where_{claim.search},
          order_{claim.order},
          out_{claim.out},
          news_{claim.news}
    {}

    void run(int jobs, std::optional<time_point>& again)
    {
        auto served = last_turns(where_.with, where_.queue);
        std::int64_t last = 0;
        for (const auto& [key, number] : served)
            last = std::max(last, number);
        domain::serve(waiting_groups(served, again), jobs, [&](const waiting_group& group) {
            take(group.key);
            where_.with.sql().exec(
                "INSERT OR REPLACE INTO cofila_groups VALUES (?1, ?2, ?3)", where_.queue, group.key, ++last
            );
            return next(group.key);
        });
    }

private:
    /// Where the group's next runnable job stands. Jobs before it that cannot run are failed here.
    std::optional<turn> next(const std::string& group)
    {
        for (;;) {
            auto job = first_of(where_, group);
            if (!job)
                return {};
            const auto end = domain::unfit(*job, where_.now);
            if (!end)
                return turn{job->priority, job->position};
            out_.stopped = out_.ended++ >= domain::most_ended;
            if (out_.stopped)
                return {};
            end_unfit(where_.with, where_.queue, *job, *end, news_);
        }
    }

    void take(const std::string& group)
    {
        auto job = first_of(where_, group);
        if (job)
            out_.claimed.push_back(lock_job(where_.with, std::move(*job), order_, out_.claimed.size(), where_.now));
    }

    std::vector<waiting_group> waiting_groups(
        std::map<std::string, std::int64_t>& served, std::optional<time_point>& again
    )
    {
        std::vector<waiting_group> out;
        for (std::optional<std::string> key{""}; key; key = next_group(where_.with, where_.queue, *key)) {
            const auto room = room_of(where_, *key);
            note_again(again, room);
            if (room.jobs == 0)
                continue;
            if (const auto at = next(*key))
                out.push_back({.key = *key, .served = served[*key], .room = room.jobs, .next = *at});
        }
        return out;
    }

    const turn_search& where_;
    const claim_order& order_;
    taken& out_;
    news_list& news_;
};

}  // namespace

bool in_the_middle(session& with, std::int64_t queue, const std::string& group)
{
    auto row = with.sql().query(
        "SELECT 1 FROM cofila_jobs WHERE queue = ?1 AND state = 1 AND group_key = ?2 AND attempts_started > 0 LIMIT 1",
        queue,
        group
    );
    return row.step();
}

void claim_in_turns(const turn_claim& claim, int jobs, std::optional<time_point>& again)
{
    turns{claim}.run(jobs, again);
}

bool any_turn(const turn_search& where, int jobs, std::optional<time_point>& again)
{
    for (std::optional<std::string> key{""}; key; key = next_group(where.with, where.queue, *key)) {
        const auto room = room_of(where, *key);
        note_again(again, room);
        const auto job = room.jobs > 0 ? first_of(where, *key) : std::nullopt;
        if (job && (jobs > 0 || domain::unfit(*job, where.now)))
            return true;
    }
    return false;
}

}  // namespace cofila::sqlite
