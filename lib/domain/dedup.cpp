#include "domain/dedup.hpp"

namespace cofila::domain {

namespace {

using mode = deduplication::mode;

bool holds_for_a_time(const deduplication& how) { return how.how == mode::throttle || how.how == mode::extend; }

}  // namespace

std::optional<time_point> hold_until(const deduplication& how, time_point now)
{
    if (!holds_for_a_time(how))
        return {};
    return now > time_point::max() - how.ttl ? time_point::max() : now + how.ttl;
}

bool holds_on(const job_record& job, time_point now) { return job.holds_dedup && job.dedup_until > now; }

void keep_for(job_record& job, std::int64_t owner)
{
    job.state = job_state::delayed;
    job.run_at = time_point::max();
    job.kept_for = owner;
    job.holds_dedup = false;
    job.dedup_until.reset();
}

dedup_plan deduplicate(const job_record* owner, const job_record& job)
{
    if (!owner)
        return {};
    if (owner->dedup_until && *owner->dedup_until <= job.timestamp)
        return {.release_owner = true};
    const auto how = job.options->dedup->how;
    if (how == mode::replace && owner->state == job_state::delayed)
        return {.remove_owner = true, .remove_kept = true};
    if (how == mode::keep_last && owner->state == job_state::active)
        return {.keep = true, .remove_kept = true};
    return {.add = false, .extend_owner = how == mode::extend};
}

}  // namespace cofila::domain
