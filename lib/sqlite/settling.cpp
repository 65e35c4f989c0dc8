#include "sqlite/settling.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include "domain/transitions.hpp"
#include "sqlite/adding.hpp"
#include "sqlite/claiming.hpp"
#include "sqlite/moving.hpp"
#include "sqlite/rows.hpp"

namespace cofila::sqlite {

namespace {

/// Promoted by one claim. If more are due, the next claim promotes them.
constexpr int most_promoted = 1000;

using cause = job_news::cause;

void end_completed(session& with, std::int64_t queue, job_record job, time_point now, news_list& news)
{
    const auto entry = news.size();
    const bool remove = job.options->on_completed->remove;
    const auto key = job.key;
    news.push_back(
        {.why = cause::completed, .job = std::make_shared<const job_record>(std::move(job)), .was = job_state::active}
    );
    if (remove)
        news[entry].gone = erase_finished(with, queue, key, now, news);
}

settled settle(session& with, const settlement& end, time_point now, news_list& news)
{
    const auto& token = end.job.token;
    const auto queue = with.find_queue(end.job.queue);
    const auto key = key_of(with, queue, end.job);
    if (!queue || key == 0 || token.empty())
        return settled::lost;
    if (move_job(with, *queue, key, token, end.change, news) != moved::no)
        return settled::accepted;
    auto job = find_job(with, *queue, key);
    const auto verdict = refusal(job, end);
    if (verdict == settled::cancelled) {  // it was to run again
        const auto change = domain::unless_cancelled(*job, end.change, now);
        return move_and_tell(with, *queue, *job, token, change, cause::unfit, news) ? verdict : settled::lost;
    }
    if (job && domain::was_completed_elsewhere(*job, token, end.change))
        end_completed(with, *queue, std::move(*job), now, news);
    return verdict;
}

renewal extend(
    session& with, std::optional<std::int64_t> queue, std::int64_t key, const lock_extension& lock, time_point now
)
{
    auto row = with.sql().query(
        // Two renewals always differ for a watcher of the lock, even if a clock was set back between them.
        "UPDATE cofila_jobs SET locked_until = max(?3, "
        "min(CAST(coalesce(locked_until, 0) AS INTEGER), 9223372036854775806) + 1), lock_duration = ?4 "
        "WHERE key = ?1 AND queue = ?5 AND token = ?2 AND state = 2 RETURNING cancelled",
        key,
        lock.job.token,
        now + lock.duration,
        lock.duration,
        queue
    );
    renewal answer{.held = row.step()};
    if (answer.held && !row.is_null(0))
        answer.cancelled = row.text(0);
    return answer;
}

/// Returns null if the job has ended in another way or runs.
job_snapshot completed_by(session& with, std::int64_t queue, std::int64_t key, const std::string& token)
{
    auto job = find_job(with, queue, key);
    if (!job || token.empty() || job->token != token || job->state != job_state::completed)
        return {};
    return std::make_shared<const job_record>(std::move(*job));
}

bool nothing_to_do(session& with, std::int64_t queue)
{
    auto row = with.sql().query(
        "SELECT EXISTS (SELECT 1 FROM cofila_jobs WHERE queue = ?1 AND state = 0) "
        "OR EXISTS (SELECT 1 FROM cofila_jobs WHERE queue = ?1 AND state = 2)",
        queue
    );
    return row.step() && row.number(0) == 0;
}

}  // namespace

settled refusal(const std::optional<job_record>& job, const settlement& end)
{
    const auto verdict = domain::verdict(job ? &*job : nullptr, end.job.token, end.change);
    return verdict == settled::accepted ? settled::lost : verdict;
}

add_answer add_and_claim(session& with, const job_snapshot& job, time_point now, const claim_order& order)
{
    auto answer = add(with, {job});
    answer.claimed = claim(with, with.find_or_make_queue(order.queue), order, now, answer.news).claimed;
    return answer;
}

std::optional<settle_and_claim_answer> look_for_claim(session& with, const settle_and_claim_request& request)
{
    const auto queue = with.find_queue(request.claim->queue);
    if (!queue)
        return settle_and_claim_answer{};
    const auto nothing =
        find_nothing(with, *queue, static_cast<int>(request.claim->tokens.size()), with.now(request.now));
    if (!nothing)
        return {};
    return settle_and_claim_answer{.next_due = nothing->next, .limited = nothing->limited};
}

settle_and_claim_answer settle_and_claim(session& with, const settle_and_claim_request& request)
{
    const auto now = with.now(request.now);
    settle_and_claim_answer answer;
    auto& news = answer.news;
    for (const auto& one : request.settlements)
        answer.settlements.push_back(settle(with, one, now, news));
    const auto queue = request.claim ? with.find_queue(request.claim->queue) : std::nullopt;
    if (!queue)
        return answer;
    const auto has_moved = [](settled what) { return what == settled::accepted || what == settled::cancelled; };
    const auto completed = [](const job_news& one) { return one.why == cause::completed; };
    const bool ended = std::ranges::any_of(answer.settlements, has_moved) || std::ranges::any_of(news, completed);
    promote_due(with, *queue, now, most_promoted, news);
    auto got = claim(with, *queue, *request.claim, now, news);
    answer.claimed = std::move(got.claimed);
    answer.next_due = got.next;
    answer.limited = got.limited;
    answer.drained = ended && answer.claimed.empty() && nothing_to_do(with, *queue);
    return answer;
}

std::vector<renewal> extend_locks(session& with, time_point now, const std::vector<lock_extension>& locks)
{
    std::vector<renewal> out;
    for (const auto& lock : locks) {
        const auto queue = with.find_queue(lock.job.queue);
        const auto key = key_of(with, queue, lock.job);
        auto answer = extend(with, queue, key, lock, now);
        if (queue && !answer.held)
            answer.completed = completed_by(with, *queue, key, lock.job.token);
        out.push_back(std::move(answer));
    }
    return out;
}

}  // namespace cofila::sqlite
