// A sweep over all queues of the store, in one transaction of bounded length: it promotes due jobs, rescues those that
// the caller found stalled, fails expired ones, removes finished ones whose retention is over, and forgets queues and
// groups that are left empty. Each of the first, third and fourth steps handles at most `limit` jobs; a step that
// reaches it sets `more`, and the caller sweeps again. The cost depends on what is due and not on how many queues there
// are. `look_for_sweep` decides by reading alone whether there is anything at all, so that an idle store is never
// locked. A rescue happens only if token and end of the lock are still as the caller saw them, and it clears the token:
// its old holder has lost, even against a repeated settlement.
#include "store/sweeping.hpp"

#include <set>
#include <utility>
#include <vector>

#include "domain/transitions.hpp"
#include "store/moving.hpp"

namespace cofila::store {

namespace {

void promote_all(tables& db, const sweep_request& request, sweep_answer& answer)
{
    int left = request.limit;
    for (auto queue = db.next_due_queue(0, request.now); queue && left > 0;
         queue = db.next_due_queue(*queue, request.now))
        left -= promote_due(db, *queue, request.now, left, answer.news);
    answer.more = answer.more || left <= 0;
}

void rescue(tables& db, const rescue_order& order, time_point now, news_list& news)
{
    auto found = db.find_stalled(order);
    if (!found)
        return;
    const auto change = domain::mark_as_stalled(found->job, now, order.jitter);
    take_away(db, found->queue, std::move(found->job), change, job_news::cause::stalled, news);
}

/// Jobs that had to be started by now: those that were not fail; of the others the time is removed, so that each is
/// looked at once.
void expire(tables& db, const sweep_request& request, sweep_answer& answer)
{
    const auto overdue = db.over_time(request.now, request.limit);
    for (const auto& [key, queue] : overdue) {
        const auto job = db.find(key);
        if (job && domain::has_expired(*job, request.now))
            move(db, queue, *job, domain::after_expiry(*job, request.now), job_news::cause::unfit, answer.news);
        else
            db.forget_expiry(key);
    }
    answer.more = answer.more || static_cast<int>(overdue.size()) >= request.limit;
}

void remove(tables& db, const std::vector<doomed>& jobs, news_list& news)
{
    for (const auto& [key, queue] : jobs)
        if (auto job = db.find(key))
            erase(db, queue, std::move(*job), job_news::cause::cleaned, news);
        else
            db.erase_orphan(key);
}

/// Removes finished jobs whose retention is over. Returns the queues that had some.
std::set<std::int64_t> prune(tables& db, const sweep_request& request, sweep_answer& answer)
{
    auto jobs = db.over_age(request.now, request.limit);
    remove(db, jobs, answer.news);
    const int left = request.limit - static_cast<int>(jobs.size());
    if (left > 0) {
        const auto more = db.over_count(request.now, left);
        remove(db, more, answer.news);
        jobs.insert(jobs.end(), more.begin(), more.end());
    }
    answer.more = answer.more || static_cast<int>(jobs.size()) >= request.limit;
    std::set<std::int64_t> queues;
    for (const auto& job : jobs)
        queues.insert(job.queue);
    return queues;
}

/// Whether there is work that is worth the write lock. A sweep does more if it has the lock anyway.
bool anything_due(tables& db, time_point now)
{
    return db.next_due_queue(0, now) || !db.over_time(now, 1).empty() || !db.over_age(now, 1).empty() ||
           !db.over_count(now, 1).empty();
}

}  // namespace

std::optional<sweep_answer> look_for_sweep(tables& db, const sweep_request& request)
{
    const auto now = db.now(request.now);
    if (anything_due(db, now) || db.any_forgettable(now))
        return {};
    db.pass_on(now);
    return sweep_answer{};
}

sweep_answer sweep(tables& db, const sweep_request& request)
{
    auto here = request;
    here.now = db.now(request.now);
    sweep_answer answer;
    promote_all(db, here, answer);
    for (const auto& order : here.rescues)
        rescue(db, order, here.now, answer.news);
    expire(db, here, answer);
    for (const auto queue : prune(db, here, answer))
        db.forget_if_empty(queue, here.now);
    db.forget_some(here.now);
    return answer;
}

}  // namespace cofila::store
