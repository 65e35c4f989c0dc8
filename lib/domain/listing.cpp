#include "domain/listing.hpp"

namespace cofila::domain {

namespace {

bool has_tag(const job_record& job, const tag& wanted)
{
    const auto found = job.options->tags.find(wanted.key);
    return found != job.options->tags.end() && found->second == wanted.value;
}

}  // namespace

bool matches(const job_record& job, const job_filter& filter)
{
    const auto at = job.finished_at.value_or(job.timestamp);
    return (!filter.state || job.state == *filter.state) && (!filter.name || job.name == *filter.name) &&
           (!filter.tag || has_tag(job, *filter.tag)) && (!filter.group || job.options->group == filter.group) &&
           (!filter.since || at >= *filter.since) && (!filter.before || at < *filter.before);
}

bool none_follow(const job_record& job, const job_filter& filter)
{
    return filter.state && is_finished(*filter.state) && filter.before && job.finished_at &&
           *job.finished_at >= *filter.before;
}

}  // namespace cofila::domain
