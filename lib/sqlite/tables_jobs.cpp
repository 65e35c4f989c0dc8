#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "domain/generated_id.hpp"
#include "sqlite/many_rows.hpp"
#include "sqlite/places.hpp"
#include "sqlite/rows.hpp"
#include "sqlite/tables.hpp"

/// Jobs: finding, adding and removing them.
namespace cofila::sqlite {

namespace {

using new_jobs = std::span<const std::shared_ptr<job_record>>;

constexpr many_rows insert_jobs COFILA_MANY_ROWS(
    "INSERT OR FAIL INTO cofila_jobs (key, queue, options, rare, created_at, priority, position, run_at, name, id, "
    "random, data) "
    "VALUES ",
    "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    " ON CONFLICT (queue, id) WHERE id IS NOT NULL DO NOTHING"
);
constexpr many_rows insert_waiting
    COFILA_MANY_ROWS("INSERT OR FAIL INTO cofila_waiting (queue, priority, position, key) VALUES ", "(?, ?, ?, ?)", "");

/// Whether the job has values that few jobs have. The options of those stand there as a whole, unless they are shared.
bool is_rare(const job_record& job, const std::optional<std::int64_t>& options)
{
    return !options || job.expires_at || job.holds_dedup || job.kept_for != 0;
}

/// Whether the caller gave an id that another job may have got from the store.
bool looks_generated(const job_record& job)
{
    return !job.random && domain::parse_generated_id(job.id.str()).has_value();
}

/// A generated id is in no index of ids, so that no INSERT would meet it.
bool is_generated_id_of_another(session& tx, std::int64_t queue, const job_record& job)
{
    return looks_generated(job) && key_of(tx, queue, job.id) != 0;
}

std::string_view random_part(const job_record& job)
{
    return job.random ? std::string_view{job.random->data(), job.random->size()} : std::string_view{};
}

/// The first jobs that one statement takes: of those whose ids look generated one at a time.
new_jobs rows_with_own_ids(new_jobs jobs)
{
    const auto others = jobs.subspan(1);
    const auto end = std::ranges::find_if(others, [](const auto& job) { return looks_generated(*job); });
    return next_rows(new_jobs{jobs.begin(), end});
}

/// Returns how many of them were new.
std::size_t insert_rows(session& tx, std::int64_t queue, new_jobs jobs)
{
    std::optional<std::int64_t> options[most_rows];
    for (std::size_t i = 0; i < jobs.size(); ++i)
        options[i] = tx.options_number(jobs[i]->options);
    auto statement = tx.sql().query(insert_jobs[jobs.size()]);
    for (std::size_t i = 0; i < jobs.size(); ++i) {
        const auto& job = *jobs[i];
        statement.bind(
            job.key,
            queue,
            options[i],
            int{is_rare(job, options[i])},
            job.timestamp,
            job.priority,
            job.position,
            job.run_at,
            job.name,
            job.random ? nullptr : &job.id.str(),
            bytes{random_part(job)},
            inline_text(job.data)
        );
    }
    return static_cast<std::size_t>(statement.run());
}

/// Writes what few jobs have.
void add_rarities(session& tx, std::int64_t queue, const job_record& job)
{
    if (!inline_text(job.data))
        tx.sql().exec("INSERT INTO cofila_bodies (job, data) VALUES (?1, ?2)", job.key, job.data);
    const auto shared = tx.options_number(job.options);
    if (!is_rare(job, shared))
        return;
    tx.sql().exec(
        "INSERT INTO cofila_rare (job, queue, options, expires_at, dedup_id, dedup_until, kept_for) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        job.key,
        queue,
        shared ? nullptr : &tx.options_text(job.options),
        job.expires_at,
        job.holds_dedup ? &job.options->dedup->id : nullptr,
        job.dedup_until,
        job.kept_for != 0 ? std::optional{job.kept_for} : std::nullopt
    );
}

void insert_plain(session& tx, std::int64_t queue, std::vector<const job_record*>& jobs)
{
    for (std::span<const job_record* const> left{jobs}; !left.empty();) {
        const auto rows = next_rows(left);
        auto statement = tx.sql().query(insert_waiting[rows.size()]);
        for (const auto* job : rows)
            statement.bind(queue, job->priority, job->position, job->key);
        statement.run();
        left = left.subspan(rows.size());
    }
    jobs.clear();
}

/// Puts new jobs into the tables of their states, in their order, which the event log keeps.
void let_wait(session& tx, std::int64_t queue, const std::vector<const job_record*>& jobs)
{
    std::vector<const job_record*> plain;
    for (const auto* job : jobs) {
        const auto& group = job->options->group;
        if (!group && job->state == job_state::waiting) {
            plain.push_back(job);
            continue;
        }
        insert_plain(tx, queue, plain);
        const stored_place at{
            .queue = queue,
            .priority = job->priority,
            .position = job->position,
            .run_at = job->run_at,
            .group = group ? tx.group_number(queue, *group) : 0
        };
        put(tx, job->key, job->state, at, {});
    }
    insert_plain(tx, queue, plain);
}

}  // namespace

std::optional<job_record> tables::find(std::int64_t queue, const job_id& id)
{
    const auto key = sqlite::key_of(tx_, queue, id);
    return key != 0 ? find_job(tx_, key) : std::nullopt;
}

std::optional<job_record> tables::find(std::int64_t key) { return find_job(tx_, key); }

std::int64_t tables::key_of(std::int64_t queue, const job_id& id) { return sqlite::key_of(tx_, queue, id); }

std::vector<bool> tables::insert(std::int64_t queue, new_jobs jobs)
{
    using placement = transition::placement;
    for (const auto& job : jobs)
        job->position = tx_.next_position(queue, *job->options->lifo ? placement::head : placement::tail);
    std::vector<bool> stored(jobs.size(), true);
    std::vector<const job_record*> added;
    added.reserve(jobs.size());
    for (std::size_t done = 0; done < jobs.size();) {
        if (is_generated_id_of_another(tx_, queue, *jobs[done])) {
            stored[done++] = false;
            continue;
        }
        const auto rows = rows_with_own_ids(jobs.subspan(done));
        const bool all_new = insert_rows(tx_, queue, rows) == rows.size();
        for (std::size_t i = 0; i < rows.size(); ++i) {
            const auto& job = *rows[i];
            stored[done + i] = all_new || key_of(queue, job.id) == job.key;
            if (!stored[done + i])
                continue;
            add_rarities(tx_, queue, job);
            added.push_back(&job);
        }
        done += rows.size();
    }
    let_wait(tx_, queue, added);
    return stored;
}

/// The row of cofila_jobs goes first: the event log reads the state from the table that still has the key.
void tables::erase(const store::stored_job& job)
{
    const auto at = place_of(tx_, job.key, job.state);
    sql_.exec("DELETE FROM cofila_jobs WHERE key = ?1", job.key);
    leave(tx_, job.key, job.state, at);
    if (at.rare)
        sql_.exec("DELETE FROM cofila_rare WHERE job = ?1", job.key);
    sql_.exec("DELETE FROM cofila_bodies WHERE job = ?1", job.key);
    sql_.exec("DELETE FROM cofila_attempts WHERE job = ?1", job.key);
    sql_.exec("DELETE FROM cofila_logs WHERE job = ?1", job.key);
}

void tables::erase_orphan(std::int64_t key) { sql_.exec("DELETE FROM cofila_finished WHERE key = ?1", key); }

std::vector<attempt> tables::attempts(std::int64_t key)
{
    std::vector<attempt> out;
    auto row = sql_.query(
        "SELECT number, message, type, detail, unrecoverable, at, worker FROM cofila_attempts WHERE job = ?1 ORDER BY "
        "sequence",
        key
    );
    while (row.step())
        out.push_back({
            .number = static_cast<int>(row.number(0)),
            .error =
                {.message = row.text(1), .type = row.text(2), .detail = row.text(3), .unrecoverable = row.number(4) != 0
                },
            .at = time_point{milliseconds{row.number(5)}},
            .worker = row.text(6),
        });
    return out;
}

}  // namespace cofila::sqlite
