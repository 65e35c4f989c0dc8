// Jobs of one queue that share their options are inserted sixteen in a statement, whose fixed cost they share; a
// statement that changed fewer rows than it has jobs met an id that exists. Jobs with a deduplication id are added one
// after the other, since each may depend on those before it.
#include "sqlite/adding.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "domain/dedup.hpp"
#include "sqlite/dedup.hpp"
#include "sqlite/moving.hpp"
#include "sqlite/rows.hpp"

namespace cofila::sqlite {

namespace {

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

void replace(session& with, std::int64_t queue, std::optional<job_record> job, news_list& news)
{
    if (job)
        erase_and_tell(with, queue, std::move(*job), job_news::cause::replaced, news);
}

job_news deduplicated(const job_record& owner)
{
    return {.why = job_news::cause::deduplicated, .job = std::make_shared<const job_record>(owner), .was = owner.state};
}

/// Makes way for a new job with a deduplication id, and prepares `row` and `job` for it. Returns false if the job is
/// not to be added; `row` then says why.
bool make_way(session& with, std::int64_t queue, job_record& job, added_row& row, news_list& news)
{
    auto owner = find_owner(with, queue, job.options->dedup->id);
    const auto plan = domain::deduplicate(owner ? &*owner : nullptr, job);
    if (plan.extend_owner) {
        owner->dedup_until = job.dedup_until;
        with.sql().exec("UPDATE cofila_jobs SET dedup_until = ?2 WHERE key = ?1", owner->key, owner->dedup_until);
    }
    if (plan.release_owner)
        let_go(with, owner->key);
    if (plan.remove_kept)
        replace(with, queue, find_kept(with, owner->key), news);
    if (plan.keep)
        domain::keep_for(job, owner->key);
    if (plan.remove_owner)
        replace(with, queue, owner, news);
    if (plan.defers_to_owner()) {
        row.deduplicated_by = owner->id;
        news.push_back(deduplicated(*owner));
        if (plan.keep)
            news.back().kept = job.id;
    }
    if (!plan.add)
        row.job = news.back().job;
    return plan.add;
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

}  // namespace cofila::sqlite
