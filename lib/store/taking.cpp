#include "store/taking.hpp"

#include <memory>
#include <utility>

#include "domain/fetch_plan.hpp"
#include "domain/transitions.hpp"
#include "store/moving.hpp"

namespace cofila::store {

/// Beyond `most_ended` unfit jobs a claim stops, and the next one goes on.
bool claim_step::end_if_unfit(const job_record& job) const
{
    const auto end = domain::unfit(job, now);
    if (!end)
        return false;
    out.stopped = out.ended++ >= domain::most_ended;
    if (!out.stopped)
        move(db, queue, job, *end, job_news::cause::unfit, news);
    return true;
}

void claim_step::take(std::shared_ptr<job_record> job) const
{
    domain::lock(*job, order.tokens[out.claimed.size()], order.worker, order.lock_duration, now);
    out.claimed.push_back(std::move(job));
}

domain::claim_room room_within(
    tables& db, std::int64_t queue, const std::string* group, const rate_limit& rate, time_point at, int wanted
)
{
    const auto past = db.claims(queue, group, at - rate.duration, at + rate.duration);
    const auto notes = past ? std::vector{*past} : std::vector<domain::claim_note>{};
    return domain::room_for(wanted, {}, 0, rate, notes, at);
}

}  // namespace cofila::store
