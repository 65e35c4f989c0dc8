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

void add_rows(session& with, std::int64_t queue, new_jobs jobs, std::vector<added_row>& out)
{
    const bool all_new = insert(with, queue, jobs) == jobs.size();
    for (const auto& job : jobs) {
        if (!all_new && key_of(with, queue, {.id = job->id}) != job->key) {
            auto there = std::make_shared<const job_record>(find_job(with, queue, job->id).value());
            out.push_back({.job = std::move(there), .duplicate = true});
            continue;
        }
        if (!inline_text(job->data))
            insert_bodies(with, job->key, &job->data, nullptr);
        add_rarities(with, queue, *job);
        out.push_back({.job = job});
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

/// Ends a job that was to run again, but was cancelled meanwhile.
settled end_cancelled(
    session& with,
    std::int64_t queue,
    const settlement& what,
    job_record job,
    time_point now,
    std::vector<job_snapshot>& failed
)
{
    const auto change = domain::unless_cancelled(job, what.change, now);
    if (!move_job(with, queue, job.key, what.job.token, change))
        return settled::lost;
    domain::apply(job, change);
    failed.push_back(std::make_shared<const job_record>(std::move(job)));
    return settled::cancelled;
}

void end_completed(
    session& with, std::int64_t queue, job_record job, time_point now, std::vector<job_snapshot>& completed
)
{
    if (job.options->on_completed->remove)
        erase_finished(with, queue, job.key, now);
    completed.push_back(std::make_shared<const job_record>(std::move(job)));
}

settled settle(
    session& with,
    std::optional<std::int64_t> queue,
    const settlement& what,
    time_point now,
    settle_and_claim_answer& answer
)
{
    const auto key = key_of(with, queue, what.job);
    if (!queue || key == 0 || what.job.token.empty())
        return settled::lost;
    if (move_job(with, *queue, key, what.job.token, what.change))
        return settled::accepted;
    auto job = find_job(with, *queue, key);
    const auto verdict = refusal(job, what);
    if (verdict == settled::cancelled)
        return end_cancelled(with, *queue, what, std::move(*job), now, answer.failed);
    if (job && domain::was_completed_elsewhere(*job, what.job.token, what.change))
        end_completed(with, *queue, std::move(*job), now, answer.completed);
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

namespace {

/// Adds one job after the other, since each may depend on those before it.
std::vector<added_row> add_with_owners(session& with, std::int64_t queue, const std::vector<job_snapshot>& jobs)
{
    std::vector<added_row> out;
    for (const auto& job : jobs) {
        added_row row;
        auto stored = numbered(with, queue, *job);
        const bool is_new =
            !job->options->dedup || key_of(with, queue, {.id = job->id}) != 0 || make_way(with, queue, *stored, row);
        if (is_new) {
            std::vector<added_row> added;
            const std::shared_ptr<job_record> one[] = {std::move(stored)};
            add_rows(with, queue, one, added);
            row.job = std::move(added.front().job);
            row.duplicate = added.front().duplicate;
        }
        out.push_back(std::move(row));
    }
    return out;
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

std::vector<added_row> add(session& with, const std::string& queue, const std::vector<job_snapshot>& jobs)
{
    with.check_room();
    const auto number = with.find_or_make_queue(queue);
    if (std::ranges::any_of(jobs, [](const auto& job) { return job->options->dedup.has_value(); }))
        return add_with_owners(with, number, jobs);
    std::vector<std::shared_ptr<job_record>> stored;
    stored.reserve(jobs.size());
    for (const auto& job : jobs)
        stored.push_back(numbered(with, number, *job));
    std::vector<added_row> out;
    out.reserve(jobs.size());
    for (new_jobs left{stored}; !left.empty();) {
        const auto rows = next_rows(left);
        add_rows(with, number, rows, out);
        left = left.subspan(rows.size());
    }
    return out;
}

add_and_claim_answer add_and_claim(
    session& with, const std::string& queue, const job_snapshot& job, time_point now, const claim_order& order
)
{
    add_and_claim_answer answer{.added = std::move(add(with, queue, {job}).front())};
    auto got = claim(with, with.find_or_make_queue(queue), order, now);
    answer.claimed = std::move(got.claimed);
    answer.failed = std::move(got.failed);
    return answer;
}

std::optional<settle_and_claim_answer> look_for_claim(session& with, const settle_and_claim_request& request)
{
    const auto queue = with.find_queue(request.queue);
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
    const auto queue = with.find_queue(request.queue);
    bool any = false;
    with.take_freed();
    for (const auto& one : request.settlements) {
        answer.settlements.push_back(settle(with, queue, one, now, answer));
        any = any || answer.settlements.back() == settled::accepted || answer.settlements.back() == settled::cancelled;
    }
    for (auto& job : with.take_freed())
        answer.promoted.push_back(std::move(job.id));
    any = any || !answer.completed.empty();
    if (!request.claim || !queue)
        return answer;
    for (auto& [key, id] : promote_due(with, *queue, now, most_promoted))
        answer.promoted.push_back(std::move(id));
    auto got = claim(with, *queue, *request.claim, now);
    answer.claimed = std::move(got.claimed);
    std::ranges::move(got.failed, std::back_inserter(answer.failed));
    answer.limited = got.limited;
    answer.next_due = got.next;
    answer.drained = any && answer.claimed.empty() && nothing_to_do(with, *queue);
    return answer;
}

std::vector<renewal> extend_locks(session& with, time_point now, const std::vector<lock_extension>& locks)
{
    std::vector<renewal> out;
    for (const auto& lock : locks) {
        const auto queue = with.find_queue(lock.queue);
        const auto key = key_of(with, queue, lock.job);
        auto answer = extend(with, queue, key, lock, now);
        if (queue && !answer.held)
            answer.completed = completed_by(with, *queue, key, lock.job.token);
        out.push_back(std::move(answer));
    }
    return out;
}

}  // namespace cofila::sqlite
