// What tests read in the answers of a store.
#include <algorithm>
#include <iterator>
#include <sstream>

#include "contract/store.hpp"
#include "domain/options_json.hpp"
#include "support/print.hpp"

namespace cofila::test {

namespace asio = boost::asio;

job_ref claim_of(const job_snapshot& job) { return job_ref::of(*job); }

job_ref claim_by_id(const job_snapshot& job)
{
    auto out = claim_of(job);
    out.key = 0;
    return out;
}

std::vector<std::string> ids(const std::vector<job_snapshot>& jobs)
{
    std::vector<std::string> out;
    for (const auto& job : jobs)
        out.push_back(job->id.str());
    return out;
}

news_list of(const news_list& news, job_news::cause why)
{
    news_list out;
    std::ranges::copy_if(news, std::back_inserter(out), [why](const job_news& one) { return one.why == why; });
    return out;
}

std::vector<std::string> ids(const news_list& news)
{
    std::vector<std::string> out;
    for (const auto& one : news)
        out.push_back(one.job->id.str());
    return out;
}

std::vector<std::string> waiting_ids(const news_list& news)
{
    std::vector<std::string> out;
    for (const auto& one : news)
        if (one.why == job_news::cause::due || one.why == job_news::cause::freed)
            out.push_back(one.job->id.str());
    return out;
}

std::vector<std::string> ids(const std::vector<job_id>& jobs)
{
    std::vector<std::string> out;
    for (const auto& job : jobs)
        out.push_back(job.str());
    return out;
}

asio::awaitable<std::vector<std::string>> claimed_ids(subject s, int limit)
{
    const auto claimed = co_await s.claim(limit);
    co_return ids(claimed);
}

std::string describe(const job_record& job)
{
    std::ostringstream out;
    const auto time = [](const std::optional<time_point>& at) {
        return at ? std::to_string(at->time_since_epoch().count()) : std::string{"-"};
    };
    out << "job " << job.id << " (" << job.key << ") \"" << job.name << "\" data " << job.data << '\n'
        << "  options " << (job.options ? domain::options_to_json(*job.options) : "missing") << '\n'
        << "  " << job.state << ", priority " << job.priority << '\n'
        << "  timestamp " << time(job.timestamp) << ", run_at " << time(job.run_at) << ", processed_at "
        << time(job.processed_at) << ", finished_at " << time(job.finished_at) << ", due_at " << time(job.due_at)
        << ", expires_at " << time(job.expires_at) << '\n'
        << "  attempts_started " << job.attempts_started << ", attempts_made " << job.attempts_made
        << ", stalled_count " << job.stalled_count << ", deferrals " << job.deferrals << ", cancelled "
        << job.cancelled.value_or("no") << '\n'
        << "  token \"" << job.token << "\", locked_until " << time(job.locked_until) << ", worker \"" << job.worker
        << "\"\n"
        << "  progress " << job.progress << ", result " << job.result << ", failed_reason " << job.failed_reason
        << '\n';
    if (!is_finished(job.state))
        out << "  position " << job.position << '\n';
    if (job.state == job_state::active)
        out << "  lock_duration " << job.lock_duration.count() << '\n';
    if (job.options && job.options->dedup)
        out << "  dedup_until " << time(job.dedup_until) << (job.holds_dedup ? ", held" : ", not held") << ", kept for "
            << job.kept_for << '\n';
    for (const auto& attempt : job.attempts)
        out << "  " << attempt << '\n';
    return out.str();
}

void check_counters(const job_record& job, int attempts_started, int attempts_made, int stalled_count, int deferrals)
{
    INFO("job ", job.id.str());
    CHECK(job.attempts_started == attempts_started);
    CHECK(job.attempts_made == attempts_made);
    CHECK(job.stalled_count == stalled_count);
    CHECK(job.deferrals == deferrals);
}

}  // namespace cofila::test
