#include "sqlite/jobs.hpp"

#include <cofila/error.hpp>

#include <algorithm>
#include <iterator>
#include <span>
#include <utility>

#include "domain/ids.hpp"
#include "domain/transitions.hpp"
#include "sqlite/claiming.hpp"
#include "sqlite/dedup.hpp"
#include "sqlite/rows.hpp"

namespace cofila::sqlite {

namespace {

/// Promoted by one claim. If more are due, the next claim promotes them.
constexpr int most_promoted = 1000;

const std::string* inline_text(const std::string& text) { return text.size() > longest_inline ? nullptr : &text; }

using cause = job_news::cause;
using new_jobs = std::span<const std::shared_ptr<job_record>>;

#define COFILA_INSERT                                                                                                  \
    "INSERT INTO cofila_jobs (key, queue, id, name, state, priority, position, created_at, run_at, options, data) "    \
    "VALUES "
#define COFILA_ROW "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
#define COFILA_4_ROWS COFILA_ROW "," COFILA_ROW "," COFILA_ROW "," COFILA_ROW
#define COFILA_UNLESS_THERE " ON CONFLICT (queue, id) DO NOTHING"

constexpr const char* insert_one = COFILA_INSERT COFILA_ROW COFILA_UNLESS_THERE;
constexpr const char* insert_many =
    COFILA_INSERT COFILA_4_ROWS "," COFILA_4_ROWS "," COFILA_4_ROWS "," COFILA_4_ROWS COFILA_UNLESS_THERE;

/// The first jobs that one statement can take: those that share their options, whose text is made once.
new_jobs next_rows(new_jobs jobs)
{
    const auto other = [&](const auto& job) { return job->options != jobs.front()->options; };
    const bool many = jobs.size() >= rows_at_once && std::ranges::none_of(jobs.first(rows_at_once), other);
    return jobs.first(many ? rows_at_once : 1);
}

/// Returns how many of them were new.
std::size_t insert(session& with, std::int64_t queue, new_jobs jobs)
{
    auto statement = with.sql().query(jobs.size() == 1 ? insert_one : insert_many);
    const auto& options = with.options_text(jobs.front()->options);
    for (const auto& job : jobs)
        statement.bind(
            job->key,
            queue,
            job->id.str(),
            job->name,
            static_cast<int>(job->state),
            job->priority,
            job->position,
            job->timestamp,
            job->run_at,
            options,
            inline_text(job->data)
        );
    return static_cast<std::size_t>(statement.run());
}

/// Writes what few jobs have.
void add_rarities(session& with, std::int64_t queue, const job_record& job)
{
    const auto& group = job.options->group;
    if (!job.expires_at && !group && !job.options->dedup)
        return;
    with.sql().exec(
        "UPDATE cofila_jobs SET expires_at = ?2, group_key = ?3, dedup_id = ?4, dedup_until = ?5, kept_for = ?6 "
        "WHERE key = ?1",
        job.key,
        job.expires_at,
        group ? &*group : nullptr,
        job.holds_dedup ? &job.options->dedup->id : nullptr,
        job.dedup_until,
        job.kept_for != 0 ? std::optional{job.kept_for} : std::nullopt
    );
    if (group)
        with.sql().exec("UPDATE cofila_queues SET grouped = 1 WHERE number = ?1 AND grouped = 0", queue);
}

void tell(add_answer& answer, added_row row)
{
    const auto& job = row.job;
    if (row.duplicate)
        answer.news.push_back({.why = cause::duplicated, .job = job, .was = job->state});
    else
        answer.news.push_back({.why = cause::added, .job = job});
    answer.rows.push_back(std::move(row));
}

void add_rows(session& with, std::int64_t queue, new_jobs jobs, add_answer& out)
{
    const bool all_new = insert(with, queue, jobs) == jobs.size();
    for (const auto& job : jobs) {
        if (!all_new && key_of(with, queue, {.id = job->id}) != job->key) {
            auto there = std::make_shared<const job_record>(find_job(with, queue, job->id).value());
            tell(out, {.job = std::move(there), .duplicate = true});
            continue;
        }
        if (!inline_text(job->data))
            insert_bodies(with, job->key, &job->data, nullptr);
        add_rarities(with, queue, *job);
        tell(out, {.job = job});
    }
}

std::shared_ptr<job_record> numbered(session& with, std::int64_t queue, const job_record& job)
{
    auto stored = std::make_shared<job_record>(job);
    stored->key = with.next_key();
    stored->position =
        with.next_position(queue, *job.options->lifo ? transition::placement::head : transition::placement::tail);
    return stored;
}

void end_completed(session& with, std::int64_t queue, job_record job, time_point now, news_list& news)
{
    const auto place = news.size();
    const bool remove = job.options->on_completed->remove;
    const auto key = job.key;
    news.push_back(
        {.why = cause::completed, .job = std::make_shared<const job_record>(std::move(job)), .was = job_state::active}
    );
    if (remove)
        news[place].gone = erase_finished(with, queue, key, now, news);
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

/// Adds one job after the other, since each may depend on those before it.
void add_with_owners(session& with, std::int64_t queue, std::span<const job_snapshot> jobs, add_answer& out)
{
    for (const auto& job : jobs) {
        added_row row;
        const std::shared_ptr<job_record> stored[] = {numbered(with, queue, *job)};
        const bool asks = job->options->dedup && key_of(with, queue, {.id = job->id}) == 0;
        if (!asks || make_way(with, queue, *stored[0], row, out.news)) {
            add_rows(with, queue, stored, out);
            out.rows.back().deduplicated_by = std::move(row.deduplicated_by);
        } else {
            out.rows.push_back(std::move(row));
        }
    }
}

void add_to(session& with, std::int64_t queue, std::span<const job_snapshot> jobs, add_answer& out)
{
    if (std::ranges::any_of(jobs, [](const auto& job) { return job->options->dedup.has_value(); }))
        return add_with_owners(with, queue, jobs, out);
    std::vector<std::shared_ptr<job_record>> stored;
    stored.reserve(jobs.size());
    for (const auto& job : jobs)
        stored.push_back(numbered(with, queue, *job));
    for (new_jobs left{stored}; !left.empty();) {
        const auto rows = next_rows(left);
        add_rows(with, queue, rows, out);
        left = left.subspan(rows.size());
    }
}

/// The first jobs, as many as are of one queue.
std::span<const job_snapshot> of_one_queue(std::span<const job_snapshot> jobs)
{
    const auto other = [&](const job_snapshot& job) { return job->queue != jobs.front()->queue; };
    return {jobs.begin(), std::ranges::find_if(jobs, other)};
}

}  // namespace

settled refusal(const std::optional<job_record>& job, const settlement& end)
{
    const auto verdict = domain::verdict(job ? &*job : nullptr, end.job.token, end.change);
    return verdict == settled::accepted ? settled::lost : verdict;
}

bool is_plain(const job_record& job)
{
    return inline_text(job.data) && !job.expires_at && !job.options->group && !job.options->dedup;
}

add_answer add(session& with, const std::vector<job_snapshot>& jobs)
{
    with.check_room();
    add_answer out;
    out.rows.reserve(jobs.size());
    out.news.reserve(jobs.size());
    for (std::span left{jobs}; !left.empty();) {
        const auto some = of_one_queue(left);
        add_to(with, with.find_or_make_queue(some.front()->queue), some, out);
        left = left.subspan(some.size());
    }
    return out;
}

add_answer alone(const added_row& row)
{
    add_answer out;
    tell(out, row);
    return out;
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
