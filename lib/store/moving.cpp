// Every change of a job's state ends here. The tables carry it out: they take the job's key out of the table of its
// state and put it into another. What follows is done in the same transaction: a job that has finished lets go of its
// deduplication id, unless it holds it for a time, and the job that was kept for its end waits now; one whose retention
// lets it go at once is removed with everything that belongs to it. Each job that moves is added to the news, a moved
// one before those that its end frees. Only the end of an attempt is fenced by a token: all others move a job that was
// read in the same transaction, which no other process can have changed.
#include "store/moving.hpp"

#include <memory>
#include <optional>
#include <utility>

#include "domain/transitions.hpp"

namespace cofila::store {

namespace {

/// The new position; unset if the job keeps its own.
std::optional<std::int64_t> position_for(tables& db, std::int64_t queue, const transition& change)
{
    if (change.place == transition::placement::keep)
        return {};
    if (change.next_of_group && db.settings(queue).settings.group.keep_order)
        return {};
    return db.next_position(queue, change.place);
}

/// Makes the job that was kept for the end of `owner` wait, and reports it.
void free_kept(tables& db, std::int64_t queue, std::int64_t owner, news_list& news)
{
    const auto kept = db.find_kept(owner);
    if (!kept)
        return;
    const auto& dedup = kept->options->dedup;  // unset in a damaged job, which is failed when it is claimed
    auto freed = domain::freed(*kept, dedup && !db.find_owner(queue, dedup->id));
    auto change = domain::after_release(*kept);
    db.move(*kept, change, {});
    db.release_kept(kept->key, freed.holds_dedup ? &dedup->id : nullptr);
    news.push_back(
        {.why = job_news::cause::freed,
         .job = std::make_shared<const job_record>(std::move(freed)),
         .was = job_state::delayed}
    );
}

/// Writes what changes outside of the job's row, and what not every change writes.
void keep_the_rest(tables& db, std::int64_t queue, std::int64_t key, const transition& change)
{
    if (change.failed_attempt && change.keep_attempts > 0)
        db.keep_attempt(key, *change.failed_attempt, change.keep_attempts);
    if (change.forget_expiry)
        db.forget_expiry(key);
    if (change.queue_rests_until)
        db.rest_queue(queue, *change.queue_rests_until);
}

/// Called when a job with a deduplication id has finished: it lets go of the id, unless it holds it for a time.
void end_of_owner(tables& db, std::int64_t queue, std::int64_t key, time_point now, news_list& news)
{
    if (!db.holds_on(key, now))
        db.let_go(key);
    free_kept(db, queue, key, news);
}

void erase_silently(tables& db, std::int64_t queue, const stored_job& job, news_list& news)
{
    db.erase(job);
    free_kept(db, queue, job.key, news);
}

/// What follows from a move. Returns true if the job was removed.
bool follow(tables& db, std::int64_t queue, std::int64_t key, const transition& change, news_list& news)
{
    if (change.frees_dedup)
        end_of_owner(db, queue, key, *change.finished_at, news);
    if (change.remove && erase_finished(db, queue, {.key = key, .state = change.to}, *change.finished_at, news))
        return true;
    keep_the_rest(db, queue, key, change);
    return false;
}

/// Reports a job that is about to move, and returns where its entry stands.
std::size_t report(const job_record& job, const transition& change, job_news::cause why, news_list& news)
{
    news.push_back({.why = why, .job = moved_by(job, change), .was = job.state});
    return news.size() - 1;
}

}  // namespace

job_snapshot moved_by(job_record job, const transition& change)
{
    domain::apply(job, change);
    return std::make_shared<const job_record>(std::move(job));
}

moved end_attempt(tables& db, const lock_of_job& held, const transition& change, news_list& news)
{
    if (!db.end_attempt(held, change, position_for(db, held.queue, change)))
        return moved::no;
    return follow(db, held.queue, held.key, change, news) ? moved::gone : moved::yes;
}

void move(
    tables& db,
    std::int64_t queue,
    const job_record& job,
    const transition& change,
    job_news::cause why,
    news_list& news
)
{
    const auto entry = report(job, change, why, news);
    db.move(job, change, position_for(db, queue, change));
    if (job.kept_for != 0 && job.run_at != change.run_at)
        db.release_kept(job.key, nullptr);
    news[entry].gone = follow(db, queue, job.key, change, news);
}

void take_away(
    tables& db, std::int64_t queue, job_record job, const transition& change, job_news::cause why, news_list& news
)
{
    job.token.clear();
    const auto entry = report(job, change, why, news);
    db.take_away(job, change, position_for(db, queue, change));
    news[entry].gone = follow(db, queue, job.key, change, news);
}

void erase(tables& db, std::int64_t queue, job_record job, job_news::cause why, news_list& news)
{
    const auto was = job.state;
    const auto told = std::make_shared<const job_record>(std::move(job));
    news.push_back({.why = why, .job = told, .was = was, .gone = true});
    erase_silently(db, queue, {.key = told->key, .state = was}, news);
}

bool erase_finished(tables& db, std::int64_t queue, const stored_job& job, time_point now, news_list& news)
{
    const bool gone = !db.holds_on(job.key, now);
    if (gone)
        erase_silently(db, queue, job, news);
    else
        db.prune_after_hold(job.key);
    return gone;
}

int promote_due(tables& db, std::int64_t queue, time_point now, int limit, news_list& news)
{
    auto due = db.promote_due(queue, now, limit);
    for (auto& job : due) {
        const auto change = domain::after_promotion(job);
        news.push_back({.why = job_news::cause::due, .job = moved_by(std::move(job), change), .was = job_state::delayed}
        );
    }
    return static_cast<int>(due.size());
}

}  // namespace cofila::store
