#include "domain/listing.hpp"

#include <algorithm>
#include <utility>

namespace cofila::domain {

namespace {

bool has_tag(const job_record& job, const tag& wanted)
{
    const auto found = job.options->tags.find(wanted.key);
    return found != job.options->tags.end() && found->second == wanted.value;
}

}  // namespace

std::vector<listing> listings_of(const job_states& wanted, bool newest_first)
{
    static constexpr std::pair<job_state, char> single[] = {
        {job_state::waiting, 'w'},
        {job_state::delayed, 'd'},
        {job_state::active, 'a'},
        {job_state::waiting_children, 'h'},
        {job_state::completed, 'c'},
        {job_state::failed, 'f'},
    };
    const bool both = wanted.contains(job_state::completed) && wanted.contains(job_state::failed);
    std::vector<listing> out;
    for (const auto& [state, letter] : single)
        if (wanted.contains(state) && !(both && is_finished(state)))
            out.push_back({.of = {state}, .letter = letter});
    if (both)
        out.push_back({.of = {job_state::completed, job_state::failed}, .letter = 'e'});
    if (newest_first)
        std::ranges::reverse(out);
    return out;
}

bool matches(const job_record& job, const job_filter& filter)
{
    const auto at = job.finished_at.value_or(job.timestamp);
    return (filter.state.empty() || filter.state.contains(job.state)) && (!filter.name || job.name == *filter.name) &&
           (!filter.tag || has_tag(job, *filter.tag)) && (!filter.group || job.options->group == filter.group) &&
           (!filter.since || at >= *filter.since) && (!filter.before || at < *filter.before);
}

bool none_follow(const job_record& job, const job_filter& filter, bool newest_first)
{
    if (filter.state.empty() || !is_finished(job.state) || !job.finished_at)
        return false;
    return newest_first ? filter.since && *job.finished_at < *filter.since
                        : filter.before && *job.finished_at >= *filter.before;
}

}  // namespace cofila::domain
