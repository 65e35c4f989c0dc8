#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "domain/generated_id.hpp"
#include "postgres/rows.hpp"
#include "postgres/tables.hpp"

/// Jobs: finding, adding and removing them.
namespace cofila::postgres {

namespace {

using new_jobs = std::span<const std::shared_ptr<job_record>>;
using maybe_number = std::optional<std::int64_t>;
using maybe_text = std::optional<std::string>;

// By their ids, so that two connections that add the same ones wait for each other in the same order. "IS TRUE": else
// it would be a join, for which each row of the one would be compared with each of the other.
constexpr const char* insert_jobs =
    "WITH given AS MATERIALIZED (SELECT * FROM unnest($2::bigint[], $3::text[], $4::text[], $5::text[], $6::bigint[], "
    "$7::bigint[], $8::text[], $9::text[], $10::bigint[], $11::bigint[], $12::boolean[], $13::bigint[], $14::bigint[], "
    "$15::text[], $16::bigint[], $17::bigint[], $18::bigint[]) WITH ORDINALITY AS g (key, id, random, name, "
    "created_at, options, own_options, data, state, priority, first, run_at, expires_at, dedup_id, dedup_until, "
    "kept_for, group_number, place)), "
    "added AS (INSERT INTO @jobs (key, queue, id, random, name, created_at, options, own_options, data) "
    "SELECT key, $1::int, id, decode(random, 'hex'), name, created_at, options, own_options, data FROM given "
    "ORDER BY id, place ON CONFLICT (queue, id) WHERE id IS NOT NULL DO NOTHING RETURNING key) "
    "INSERT INTO @live (key, queue, state, priority, position, run_at, expires_at, dedup_id, dedup_until, kept_for, "
    "group_number) SELECT key, $1::int, state, priority, nextval('@positions') * CASE WHEN first THEN -1 ELSE 1 "
    "END, run_at, expires_at, dedup_id, dedup_until, kept_for, group_number FROM (SELECT * FROM given "
    "WHERE (key IN (SELECT key FROM added)) IS TRUE ORDER BY place) AS g RETURNING key, position";

/// The values of new jobs, column by column.
struct new_job_columns {
    std::vector<std::int64_t> keys{};
    std::vector<maybe_text> ids{};
    std::vector<maybe_text> randoms{};
    std::vector<std::string> names{};
    std::vector<std::int64_t> created{};
    std::vector<maybe_number> options{};
    std::vector<maybe_text> own_options{};
    std::vector<std::string> data{};
    std::vector<std::int64_t> states{};
    std::vector<std::int64_t> priorities{};
    std::vector<bool> first{};
    std::vector<maybe_number> run_at{};
    std::vector<maybe_number> expires_at{};
    std::vector<maybe_text> dedup_ids{};
    std::vector<maybe_number> dedup_until{};
    std::vector<maybe_number> kept_for{};
    std::vector<maybe_number> groups{};
};

maybe_number count_of(const std::optional<time_point>& at)
{
    return at ? maybe_number{at->time_since_epoch().count()} : std::nullopt;
}

maybe_number unless_zero(std::int64_t value) { return value != 0 ? maybe_number{value} : std::nullopt; }

maybe_text random_part(const job_record& job)
{
    return job.random ? maybe_text{domain::to_hex({job.random->data(), job.random->size()})} : std::nullopt;
}

void append(session& tx, std::int64_t queue, const job_record& job, new_job_columns& to)
{
    const auto shared = tx.options_number(job.options);
    const auto& group = job.options->group;
    to.keys.push_back(job.key);
    to.ids.push_back(job.random ? std::nullopt : maybe_text{job.id.str()});
    to.randoms.push_back(random_part(job));
    to.names.push_back(job.name);
    to.created.push_back(job.timestamp.time_since_epoch().count());
    to.options.push_back(shared);
    to.own_options.push_back(shared ? std::nullopt : maybe_text{tx.options_text(job.options)});
    to.data.push_back(job.data);
    to.states.push_back(static_cast<int>(job.state));
    to.priorities.push_back(job.priority);
    to.first.push_back(*job.options->lifo);
    to.run_at.push_back(count_of(job.run_at));
    to.expires_at.push_back(count_of(job.expires_at));
    to.dedup_ids.push_back(job.holds_dedup ? maybe_text{job.options->dedup->id} : std::nullopt);
    to.dedup_until.push_back(count_of(job.dedup_until));
    to.kept_for.push_back(unless_zero(job.kept_for));
    to.groups.push_back(unless_zero(group ? tx.group_number(queue, *group) : 0));
}

/// Returns the positions of those that were new, by their keys.
std::map<std::int64_t, std::int64_t> insert_rows(session& tx, std::int64_t queue, new_jobs jobs)
{
    new_job_columns all;
    for (const auto& job : jobs)
        append(tx, queue, *job, all);
    auto row = tx.sql().query(
        insert_jobs,
        queue,
        all.keys,
        all.ids,
        all.randoms,
        all.names,
        all.created,
        all.options,
        all.own_options,
        all.data,
        all.states,
        all.priorities,
        all.first,
        all.run_at,
        all.expires_at,
        all.dedup_ids,
        all.dedup_until,
        all.kept_for,
        all.groups
    );
    std::map<std::int64_t, std::int64_t> added;
    while (row.step())
        added.emplace(row.number(0), row.number(1));
    for (std::size_t i = 0; i < jobs.size(); ++i)
        if (all.groups[i] && added.contains(all.keys[i]))
            tx.touch(queue, *all.groups[i]);
    return added;
}

/// Whether the caller gave an id that another job may have got from the store.
bool looks_generated(const job_record& job)
{
    return !job.random && domain::parse_generated_id(job.id.str()).has_value();
}

/// The first jobs that one statement takes: those whose ids look generated one at a time, since a generated id is in no
/// index of ids, so that no INSERT would meet it.
new_jobs rows_with_own_ids(new_jobs jobs)
{
    const auto others = jobs.subspan(1);
    const auto end = std::ranges::find_if(others, [](const auto& job) { return looks_generated(*job); });
    return {jobs.begin(), end};
}

}  // namespace

std::optional<job_record> tables::find(std::int64_t queue, const job_id& id)
{
    const auto key = postgres::key_of(tx_, queue, id);
    return key != 0 ? find_job(tx_, key) : std::nullopt;
}

std::optional<job_record> tables::find(std::int64_t key) { return find_job(tx_, key); }

std::int64_t tables::key_of(std::int64_t queue, const job_id& id) { return postgres::key_of(tx_, queue, id); }

std::vector<bool> tables::insert(std::int64_t queue, new_jobs jobs)
{
    std::vector<bool> stored;
    stored.reserve(jobs.size());
    while (!jobs.empty()) {
        if (looks_generated(*jobs.front()) && key_of(queue, jobs.front()->id) != 0) {
            stored.push_back(false);
            jobs = jobs.subspan(1);
            continue;
        }
        const auto some = rows_with_own_ids(jobs);
        const auto added = insert_rows(tx_, queue, some);
        for (const auto& job : some) {
            const auto found = added.find(job->key);
            stored.push_back(found != added.end());
            if (stored.back())
                job->position = found->second;
        }
        jobs = jobs.subspan(some.size());
    }
    return stored;
}

/// The row of `jobs` goes first: the event log reads the state from the table that still has the key.
void tables::erase(const store::stored_job& job)
{
    tx_.require_store();
    sql_.exec("DELETE FROM @jobs WHERE key = $1", job.key);
    auto row = sql_.query(
        "WITH a AS (DELETE FROM @attempts WHERE job = $1), l AS (DELETE FROM @logs WHERE job = $1), "
        "f AS (DELETE FROM @finished WHERE key = $1) DELETE FROM @live WHERE key = $1 RETURNING queue, group_number",
        job.key
    );
    if (row.step())
        tx_.touch(row.number(0), row.number(1));
}

void tables::erase_orphan(std::int64_t key) { sql_.exec("DELETE FROM @finished WHERE key = $1", key); }

std::vector<attempt> tables::attempts(std::int64_t key)
{
    std::vector<attempt> out;
    auto row = sql_.query(
        "SELECT number, message, type, detail, unrecoverable, at, worker FROM @attempts WHERE job = $1 "
        "ORDER BY sequence",
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

}  // namespace cofila::postgres
