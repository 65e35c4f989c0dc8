// A sweep over all queues of the file, in one transaction of bounded length: it promotes due jobs, rescues those that
// the caller found stalled, fails expired ones, removes finished ones whose retention is over, and forgets queues and
// groups that are left empty. Each of the first, third and fourth steps handles at most `limit` jobs; a step that
// reaches it sets `more`, and the caller sweeps again. Queues with something to do are found through partial indexes,
// one query for each, so the cost depends on what is due and not on how many queues there are. `look_for_sweep` decides
// by reading alone whether there is anything at all, so that an idle file is never locked. A rescue happens only if
// token and end of the lock are still as the caller saw them, and it clears the token: its old holder has lost, even
// against a repeated settlement. Damaged rows must neither stop a sweep nor be found for ever, hence the comparisons
// that look superfluous.
#include "sqlite/sweeping.hpp"

#include <algorithm>
#include <compare>
#include <set>
#include <utility>

#include "domain/transitions.hpp"
#include "sqlite/forgetting.hpp"
#include "sqlite/moving.hpp"
#include "sqlite/rows.hpp"

namespace cofila::sqlite {

namespace {

/// A job that an index names as over its time.
struct doomed {
    std::int64_t key = 0;
    std::int64_t queue = 0;
};

struct due_queue {
    std::int64_t number = 0;
    time_point first{};
};

/// The next queue, by its number, that has delayed jobs, and when the first of them is due. One query for each, so that
/// queues without any cost nothing. A damaged row may hold a queue number that is no integer, which would be found for
/// ever.
std::optional<due_queue> next_delayed(session& with, std::int64_t after)
{
    auto row = with.sql().query(
        "SELECT queue, run_at FROM cofila_jobs WHERE state = 1 AND queue > ?1 AND typeof(queue) = 'integer' "
        "ORDER BY queue, run_at LIMIT 1",
        after
    );
    if (!row.step())
        return {};
    return due_queue{.number = row.number(0), .first = row.time(1).value_or(time_point{})};
}

std::optional<std::int64_t> next_due(session& with, std::int64_t after, time_point now)
{
    for (auto next = next_delayed(with, after); next; next = next_delayed(with, next->number))
        if (next->first <= now)
            return next->number;
    return {};
}

void promote_all(session& with, const sweep_request& request, sweep_answer& answer)
{
    int left = request.limit;
    for (auto queue = next_due(with, 0, request.now); queue && left > 0; queue = next_due(with, *queue, request.now))
        left -= promote_due(with, *queue, request.now, left, answer.news);
    answer.more = answer.more || left <= 0;
}

/// Compares as `locks` reads the values, since a damaged row may hold others.
std::optional<std::int64_t> queue_of(session& with, const rescue_order& order)
{
    auto row = with.sql().query(
        "SELECT queue FROM cofila_jobs WHERE key = ?1 AND CAST(coalesce(token, '') AS TEXT) = ?2 "
        "AND CAST(coalesce(locked_until, 0) AS INTEGER) = ?3 AND state = 2",
        order.key,
        order.token,
        order.locked_until
    );
    return row.step() ? std::optional{row.number(0)} : std::nullopt;
}

void rescue(session& with, const rescue_order& order, time_point now, news_list& news)
{
    const auto queue = queue_of(with, order);
    auto job = queue ? find_job(with, order.key) : std::nullopt;
    if (!job)
        return;
    const auto change = domain::mark_as_stalled(*job, now, order.jitter);
    job->token.clear();  // as the row's below
    const auto move = [&](const std::string& token) {
        return move_and_tell(with, *queue, *job, token, change, job_news::cause::stalled, news);
    };
    if (!move(order.token)) {
        // No claim made this token, so no settlement will use it.
        static const std::string damaged = "damaged";
        with.sql().exec("UPDATE cofila_jobs SET token = ?2 WHERE key = ?1", order.key, damaged);
        if (!move(damaged))
            return;
    }
    // The token goes too: its holder has lost the job, even against a repeated settlement.
    with.sql().exec("UPDATE cofila_jobs SET token = '' WHERE key = ?1", order.key);
}

std::vector<doomed> over_time(session& with, time_point now, int limit)
{
    std::vector<doomed> out;
    auto row = with.sql().query(
        "SELECT key, queue FROM cofila_jobs WHERE expires_at IS NOT NULL AND expires_at <= ?1 "
        "ORDER BY expires_at, key LIMIT ?2",
        now,
        limit
    );
    while (row.step())
        out.push_back({.key = row.number(0), .queue = row.number(1)});
    return out;
}

/// Jobs that had to be started by now: those that were not fail; of the others the time is removed, so that each is
/// looked at once.
void expire(session& with, const sweep_request& request, sweep_answer& answer)
{
    const auto overdue = over_time(with, request.now, request.limit);
    for (const auto& [key, queue] : overdue) {
        const auto job = find_job(with, key).value();
        const auto change = domain::after_expiry(job, request.now);
        if (!domain::has_expired(job, request.now) ||
            !move_and_tell(with, queue, job, {}, change, job_news::cause::unfit, answer.news))
            with.sql().exec("UPDATE cofila_jobs SET expires_at = NULL WHERE key = ?1", key);
    }
    answer.more = answer.more || static_cast<int>(overdue.size()) >= request.limit;
}

std::vector<doomed> over_age(session& with, time_point now, int limit)
{
    std::vector<doomed> out;
    auto row = with.sql().query(
        "SELECT key, queue FROM cofila_jobs WHERE prune_at IS NOT NULL AND prune_at <= ?1 "
        "AND (dedup_until IS NULL OR dedup_until <= ?1) ORDER BY prune_at LIMIT ?2",
        now,
        limit
    );
    while (row.step())
        out.push_back({.key = row.number(0), .queue = row.number(1)});
    return out;
}

struct counted_group {
    std::int64_t queue = 0;
    std::int64_t state = 0;
    std::int64_t keep = 0;

    friend auto operator<=>(const counted_group&, const counted_group&) = default;
};

/// The next queue, state and count by which finished jobs are kept. One query for each, since SQLite would find the
/// distinct ones by reading all rows.
std::optional<counted_group> next_counted(session& with, const counted_group& after)
{
    auto row = with.sql().query(
        "SELECT queue, state, prune_count FROM cofila_jobs WHERE (queue, state, prune_count) > (?1, ?2, ?3) "
        "AND prune_count IS NOT NULL ORDER BY queue, state, prune_count LIMIT 1",
        after.queue,
        after.state,
        after.keep
    );
    if (!row.step())
        return {};
    const counted_group next{.queue = row.number(0), .state = row.number(1), .keep = row.number(2)};
    return next > after ? std::optional{next} : std::nullopt;  // a text is greater than any number, and reads as 0
}

/// Jobs of this queue, state and count that at least `keep` jobs of their queue and state have finished after.
void over_count(session& with, const counted_group& group, time_point now, int limit, std::vector<doomed>& out)
{
    std::optional<std::pair<std::int64_t, std::int64_t>> oldest_kept;  // finished_at, key
    if (group.keep > 0) {
        auto row = with.sql().query(
            "SELECT finished_at, key FROM cofila_jobs WHERE queue = ?1 AND state = ?2 AND finished_at IS NOT NULL "
            "ORDER BY finished_at DESC, key DESC LIMIT 1 OFFSET ?3",
            group.queue,
            group.state,
            group.keep - 1
        );
        if (!row.step())
            return;
        oldest_kept = {row.number(0), row.number(1)};
    }
    auto row = with.sql().query(
        "SELECT key FROM cofila_jobs WHERE queue = ?1 AND state = ?2 AND prune_count = ?3 AND prune_count IS NOT NULL "
        "AND (?4 IS NULL OR finished_at < ?4 OR (finished_at = ?4 AND key < ?5)) "
        "AND (dedup_until IS NULL OR dedup_until <= ?7) ORDER BY finished_at LIMIT ?6",
        group.queue,
        group.state,
        group.keep,
        oldest_kept ? std::optional{oldest_kept->first} : std::nullopt,
        oldest_kept ? std::optional{oldest_kept->second} : std::nullopt,
        limit,
        now
    );
    while (row.step())
        out.push_back({.key = row.number(0), .queue = group.queue});
}

void erase(session& with, const std::vector<doomed>& jobs, news_list& news)
{
    for (const auto& [key, queue] : jobs)
        if (auto job = find_job(with, key))
            erase_and_tell(with, queue, std::move(*job), job_news::cause::cleaned, news);
}

/// Removes finished jobs whose retention is over. Returns the queues that had some.
std::set<std::int64_t> prune(session& with, const sweep_request& request, sweep_answer& answer)
{
    auto jobs = over_age(with, request.now, request.limit);
    erase(with, jobs, answer.news);
    for (auto group = next_counted(with, {}); group; group = next_counted(with, *group)) {
        const int left = request.limit - static_cast<int>(jobs.size());
        if (left <= 0)
            break;
        std::vector<doomed> more;
        over_count(with, *group, request.now, left, more);
        erase(with, more, answer.news);
        jobs.insert(jobs.end(), more.begin(), more.end());
    }
    answer.more = answer.more || static_cast<int>(jobs.size()) >= request.limit;
    std::set<std::int64_t> queues;
    for (const auto& job : jobs)
        queues.insert(job.queue);
    return queues;
}

bool any_over_count(session& with, time_point now)
{
    std::vector<doomed> found;
    for (auto group = next_counted(with, {}); group && found.empty(); group = next_counted(with, *group))
        over_count(with, *group, now, 1, found);
    return !found.empty();
}

/// Whether there is work that is worth the write lock. A sweep does more if it has the lock anyway.
bool anything_due(session& with, const sweep_request& request)
{
    return next_due(with, 0, request.now) || !over_time(with, request.now, 1).empty() ||
           !over_age(with, request.now, 1).empty() || any_over_count(with, request.now);
}

}  // namespace

std::optional<sweep_answer> look_for_sweep(session& with, const sweep_request& request)
{
    auto here = request;
    here.now = with.now(request.now);
    if (anything_due(with, here) || any_forgettable(with, here.now))
        return {};
    pass_on(with, here.now);
    return sweep_answer{};
}

sweep_answer sweep(session& with, const sweep_request& request)
{
    auto here = request;
    here.now = with.now(request.now);
    sweep_answer answer;
    promote_all(with, here, answer);
    for (const auto& order : here.rescues)
        rescue(with, order, here.now, answer.news);
    expire(with, here, answer);
    for (const auto queue : prune(with, here, answer))
        forget_if_empty(with, queue, here.now);
    forget_some(with, here.now);
    return answer;
}

}  // namespace cofila::sqlite
