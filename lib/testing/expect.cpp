#include <cofila/testing.hpp>

#include <algorithm>
#include <iterator>
#include <utility>

namespace cofila::testing::detail {

namespace asio = boost::asio;

namespace {

asio::awaitable<std::vector<job_ptr>> all_jobs(queue_ptr queue)
{
    std::vector<job_ptr> out;
    page_request request{.limit = 1'000};
    do {
        auto found = co_await cofila::detail::at_home(queue, cofila::detail::get_jobs(queue, {}, request));
        std::ranges::move(found.items, std::back_inserter(out));
        request.after = std::move(found.next);
    } while (!request.after.empty());
    std::ranges::sort(out, {}, [](const job_ptr& job) { return job->job->key; });  // in the order of their adding
    co_return out;
}

bool is_it(const expected_job& what, const job_record& job)
{
    using cofila::detail::parse_payload;
    return job.name == what.name && (!what.data || parse_payload(*what.data) == parse_payload(job.data));
}

std::string told(const expected_job& what)
{
    return "'" + what.name + "'" + (what.data ? " with " + *what.data : std::string{});
}

/// What a test's output shows of a queue: a line for each job, up to a limit.
std::string told(const std::vector<job_ptr>& jobs)
{
    constexpr std::size_t most = 20;
    std::string out;
    for (std::size_t i = 0; i < std::min(most, jobs.size()); ++i) {
        const auto& job = *jobs[i]->job;
        out += "\n  " + std::string{to_string(job.state)} + ": " + told({.name = job.name, .data = job.data});
    }
    if (jobs.size() > most)
        out += "\n  and " + std::to_string(jobs.size() - most) + " more";
    return jobs.empty() ? " no jobs" : out;
}

}  // namespace

asio::awaitable<job_ptr> expect_job(queue_ptr queue, expected_job what)
{
    const auto jobs = co_await all_jobs(queue);
    const auto found = std::ranges::find_if(jobs, [&](const job_ptr& job) { return is_it(what, *job->job); });
    if (found == jobs.end())
        throw unmet_expectation{
            "expected a job " + told(what) + " in queue '" + cofila::detail::name(queue) + "', which has" + told(jobs)
        };
    co_return *found;
}

asio::awaitable<void> expect_no_job(queue_ptr queue, std::string name)
{
    auto jobs = co_await all_jobs(queue);
    std::erase_if(jobs, [&](const job_ptr& job) { return !name.empty() && job->job->name != name; });
    if (!jobs.empty())
        throw unmet_expectation{
            "expected no job " + (name.empty() ? std::string{} : "'" + name + "' ") + "in queue '" +
            cofila::detail::name(queue) + "', which has" + told(jobs)
        };
}

}  // namespace cofila::testing::detail
