// Most attempts end with a job that has finished and stays: such ends are handed to the tables as a set. Every other
// end is carried out alone, with what follows from it. If a lock is not held, the stored job shows why. The claim comes
// last, in the same transaction, so that it sees the room that the ends have made.
#include "store/settling.hpp"

#include <algorithm>
#include <memory>
#include <span>
#include <utility>

#include "domain/transitions.hpp"
#include "store/adding.hpp"
#include "store/claiming.hpp"
#include "store/finding.hpp"
#include "store/moving.hpp"

namespace cofila::store {

namespace {

/// Promoted by one claim. If more are due, the next claim promotes them.
constexpr int most_promoted = 1000;

using cause = job_news::cause;

/// Whether the end of an attempt moves its job, and nothing follows from that.
bool only_ends(const transition& change)
{
    return is_finished(change.to) && !change.frees_dedup && !change.remove && !change.failed_attempt &&
           !change.forget_expiry && !change.queue_rests_until;
}

void end_completed(tables& db, std::int64_t queue, job_record job, time_point now, news_list& news)
{
    const auto entry = news.size();
    const bool remove = job.options->on_completed->remove;
    const stored_job stored{.key = job.key, .state = job.state};
    news.push_back(
        {.why = cause::completed, .job = std::make_shared<const job_record>(std::move(job)), .was = job_state::active}
    );
    if (remove)
        news[entry].gone = erase_finished(db, queue, stored, now, news);
}

/// Why a lock does not hold. Never returns `accepted`, whatever a damaged row is read as.
settled refusal(const std::optional<job_record>& job, const settlement& end)
{
    const auto verdict = domain::verdict(job ? &*job : nullptr, end.job.token, end.change);
    return verdict == settled::accepted ? settled::lost : verdict;
}

settled refuse(tables& db, const lock_of_job& held, const settlement& end, time_point now, news_list& news)
{
    auto job = db.find(held.key);
    const auto verdict = refusal(job, end);
    if (verdict == settled::cancelled) {  // it was to run again
        const auto change = domain::unless_cancelled(*job, end.change, now);
        const auto entry = news.size();
        news.push_back({.why = cause::unfit, .job = moved_by(std::move(*job), change), .was = job_state::active});
        const auto what = end_attempt(db, held, change, news);
        news[entry].gone = what == moved::gone;
    } else if (job && domain::was_completed_elsewhere(*job, held.token, end.change)) {
        end_completed(db, held.queue, std::move(*job), now, news);
    }
    return verdict;
}

/// Ends the attempts of one request.
class settlements {
public:
    settlements(tables& db, time_point now, settle_and_claim_answer& out) : db_{db}, now_{now}, out_{out} {}

    void run(const std::vector<settlement>& ends)
    {
        out_.settlements.reserve(ends.size());
        for (const auto& end : ends) {
            const auto held = find_lock(db_, end.job);
            if (held && only_ends(end.change)) {
                together_.push_back({.held = *held, .change = end.change});
                ends_.push_back(&end);
                continue;
            }
            finish();
            out_.settlements.push_back(held ? settle(*held, end) : settled::lost);
        }
        finish();
    }

private:
    settled settle(const lock_of_job& held, const settlement& end)
    {
        if (end_attempt(db_, held, end.change, out_.news) != moved::no)
            return settled::accepted;
        return refuse(db_, held, end, now_, out_.news);
    }

    void finish()
    {
        const auto done = together_.empty() ? std::vector<bool>{} : db_.finish(together_);
        for (std::size_t i = 0; i < done.size(); ++i)
            out_.settlements.push_back(
                done[i] ? settled::accepted : refuse(db_, together_[i].held, *ends_[i], now_, out_.news)
            );
        together_.clear();
        ends_.clear();
    }

    tables& db_;
    const time_point now_;
    settle_and_claim_answer& out_;
    std::vector<finished_attempt> together_{};
    std::vector<const settlement*> ends_{};
};

void announce(tables& db, const claim_order& order, time_point now)
{
    if (const auto queue = db.find_queue(order.queue))
        db.claim_follows(*queue, static_cast<int>(order.tokens.size()), now);
}

/// Returns null if the job has ended in another way or runs.
job_snapshot completed_by(tables& db, const lock_of_job& held)
{
    auto job = db.find(held.key);
    if (!job || held.token.empty() || job->token != held.token || job->state != job_state::completed)
        return {};
    return std::make_shared<const job_record>(std::move(*job));
}

}  // namespace

add_answer add_and_claim(tables& db, const job_draft& job, time_point asked, const claim_order& order)
{
    const auto now = db.now(asked);
    auto answer = add(db, {job});
    answer.claimed = claim(db, db.find_or_make_queue(order.queue), order, now, answer.news).claimed;
    return answer;
}

std::optional<settle_and_claim_answer> look_for_claim(tables& db, const settle_and_claim_request& request)
{
    const auto queue = db.find_queue(request.claim->queue);
    if (!queue)
        return settle_and_claim_answer{};
    const auto nothing = find_nothing(db, *queue, static_cast<int>(request.claim->tokens.size()), db.now(request.now));
    if (!nothing)
        return {};
    return settle_and_claim_answer{.next_due = nothing->next, .limited = nothing->limited};
}

settle_and_claim_answer settle_and_claim(tables& db, const settle_and_claim_request& request)
{
    const auto now = db.now(request.now);
    settle_and_claim_answer answer;
    auto& news = answer.news;
    if (request.claim)
        announce(db, *request.claim, now);
    settlements{db, now, answer}.run(request.settlements);
    if (!request.claim)
        return answer;
    const auto has_moved = [](settled what) { return what == settled::accepted || what == settled::cancelled; };
    const auto completed = [](const job_news& one) { return one.why == cause::completed; };
    const bool ended = std::ranges::any_of(answer.settlements, has_moved) || std::ranges::any_of(news, completed);
    const auto queue = db.find_queue(request.claim->queue);
    if (!queue) {
        answer.drained = ended;
        return answer;
    }
    promote_due(db, *queue, now, most_promoted, news);
    auto got = claim(db, *queue, *request.claim, now, news);
    answer.claimed = std::move(got.claimed);
    answer.next_due = got.next;
    answer.limited = got.limited;
    answer.drained = ended && answer.claimed.empty() &&
                     !(db.is_alone() ? db.any_waiting_or_active(*queue) : db.any_waiting(*queue, now));
    return answer;
}

void confirm_drained(tables& db, const std::string& queue, settle_and_claim_answer& answer)
{
    const auto number = db.find_queue(queue);
    answer.drained = !number || !db.any_waiting_or_active(*number);
}

settled settle_alone(tables& db, const settlement& end)
{
    const auto held = find_lock(db, end.job);
    if (!held)
        return settled::lost;
    news_list untold;
    if (end_attempt(db, *held, end.change, untold) != moved::no)
        return settled::accepted;
    return refusal(db.find(held->key), end);
}

std::vector<renewal> extend_locks(tables& db, time_point asked, const std::vector<lock_extension>& locks)
{
    const auto now = db.now(asked);
    std::vector<renewal> out;
    for (const auto& lock : locks) {
        const auto held = find_lock(db, lock.job);
        auto answer = held ? db.extend(*held, now + lock.duration, lock.duration) : renewal{};
        if (held && !answer.held)
            answer.completed = completed_by(db, *held);
        out.push_back(std::move(answer));
    }
    return out;
}

}  // namespace cofila::store
