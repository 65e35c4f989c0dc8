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

dedup_answer deduplicate(const job_record* owner, const job_record& job)
{
    if (!owner || (owner->dedup_until && *owner->dedup_until <= job.timestamp))
        return dedup_answer::add;
    switch (job.options->dedup->how) {
    case mode::until_finished:
    case mode::throttle:
        break;
    case mode::extend:
        return dedup_answer::extend;
    case mode::replace:
        return owner->state == job_state::delayed ? dedup_answer::replace : dedup_answer::refuse;
    case mode::keep_last:
        return owner->state == job_state::active ? dedup_answer::keep : dedup_answer::refuse;
    }
    return dedup_answer::refuse;
}

}  // namespace cofila::domain
