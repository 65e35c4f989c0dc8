// The operations of those that hold jobs.
#include <algorithm>
#include <limits>
#include <utility>

#include "domain/transitions.hpp"
#include "memory/claiming.hpp"
#include "memory/repository.hpp"

namespace cofila::memory {

namespace asio = boost::asio;
using cause = job_news::cause;

namespace {

/// Whether a write with this token may touch the job; with an empty token, only one that is not locked.
bool may_write(const stored_job* job, const std::string& token)
{
    if (!job)
        return false;
    return token.empty() ? job->record.state != job_state::active : holds_lock(job->record, token);
}

fenced_write stored_in(const stored_job& job) { return {.stored = true, .cancelled = job.record.cancelled}; }

/// Returns null if the job has ended in another way or runs.
job_snapshot completed_by(const stored_job* job, const std::string& token)
{
    if (!job || token.empty() || job->record.token != token || job->record.state != job_state::completed)
        return {};
    return snapshot(job->record);
}

bool has_moved(settled verdict) { return verdict == settled::accepted || verdict == settled::cancelled; }

void end_completed(stored_queue& queue, const job_record& job, time_point now, news_list& news)
{
    const auto entry = news.size();
    news.push_back({.why = cause::completed, .job = snapshot(job), .was = job_state::active});
    if (job.options->on_completed->remove)
        news[entry].gone = queue.remove_finished(job.key, now, news);
}

settled settle(stored_queue& queue, const settlement& end, time_point now, news_list& news)
{
    const auto* job = queue.find(end.job);
    const auto verdict = domain::verdict(job ? &job->record : nullptr, end.job.token, end.change);
    if (verdict == settled::accepted)
        queue.carry_out(job->record.key, end.change, news);
    else if (verdict == settled::cancelled)
        queue.carry_out(job->record.key, domain::unless_cancelled(job->record, end.change, now), cause::unfit, news);
    else if (job && domain::was_completed_elsewhere(job->record, end.job.token, end.change))
        end_completed(queue, job->record, now, news);
    return verdict;
}

bool nothing_left(const stored_queue& queue, time_point now)
{
    const auto due = first_due(queue);
    return queue.jobs_in(job_state::waiting).empty() && queue.jobs_in(job_state::active).empty() &&
           !(due && *due <= now);
}

}  // namespace

asio::awaitable<settle_and_claim_answer> repository::settle_and_claim(settle_and_claim_request request)
{
    check_open();
    settle_and_claim_answer answer;
    auto& news = answer.news;
    for (const auto& end : request.settlements)
        answer.settlements.push_back(settle(open_queue(end.job.queue), end, request.now, news));
    if (!request.claim)
        co_return answer;
    const auto completed = [](const job_news& one) { return one.why == cause::completed; };
    const bool ended = std::ranges::any_of(answer.settlements, has_moved) || std::ranges::any_of(news, completed);
    auto& queue = open_queue(request.claim->queue);
    queue.promote_due(request.now, std::numeric_limits<std::size_t>::max(), news);
    auto got = claim(queue, *request.claim, request.now, news);
    answer.claimed = std::move(got.claimed);
    answer.limited = got.limited;
    if (answer.claimed.size() < request.claim->tokens.size())
        answer.next_due = next_claim(queue, got.again, request.now);
    answer.drained = answer.claimed.empty() && ended && nothing_left(queue, request.now);
    co_return answer;
}

asio::awaitable<std::vector<renewal>> repository::extend_locks(time_point now, std::vector<lock_extension> locks)
{
    check_open();
    std::vector<renewal> answers;
    for (const auto& lock : locks) {
        auto& queue = open_queue(lock.job.queue);
        const auto* job = queue.find(lock.job);
        if (!job || !holds_lock(job->record, lock.job.token)) {
            answers.push_back({.completed = completed_by(job, lock.job.token)});
            continue;
        }
        queue.change(job->record.key, [&](stored_job& held) {
            held.record.locked_until = std::max(now + lock.duration, *held.record.locked_until + milliseconds{1});
            held.record.lock_duration = lock.duration;
        });
        answers.push_back({.held = true, .cancelled = job->record.cancelled});
    }
    co_return answers;
}

asio::awaitable<fenced_write> repository::update_progress(job_ref job, std::string progress)
{
    auto& in = open_queue(job.queue);
    const auto* found = in.find(job);
    if (!may_write(found, job.token))
        co_return fenced_write{};
    in.change(found->record.key, [&](stored_job& written) { written.record.progress = std::move(progress); });
    co_return stored_in(*found);
}

asio::awaitable<fenced_write> repository::update_data(job_ref job, std::string data)
{
    auto& in = open_queue(job.queue);
    const auto* found = in.find(job);
    if (!may_write(found, job.token))
        co_return fenced_write{};
    in.change(found->record.key, [&](stored_job& written) { written.record.data = std::move(data); });
    co_return stored_in(*found);
}

asio::awaitable<fenced_write> repository::add_log(job_ref job, log_line line, int keep)
{
    auto& in = open_queue(job.queue);
    const auto* found = in.find(job);
    if (!may_write(found, job.token))
        co_return fenced_write{};
    in.change(found->record.key, [&](stored_job& written) {
        written.logs.emplace(++written.last_log, std::move(line));
        while (written.logs.size() > static_cast<std::size_t>(keep))
            written.logs.erase(written.logs.begin());
    });
    co_return stored_in(*found);
}

}  // namespace cofila::memory
