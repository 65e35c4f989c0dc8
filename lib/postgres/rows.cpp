#include "postgres/rows.hpp"

#include <cofila/error.hpp>

#include <algorithm>
#include <limits>
#include <string>
#include <string_view>

#include "domain/generated_id.hpp"
#include "domain/validation.hpp"

namespace cofila::postgres {

namespace {

/// The columns, in the order of the texts in rows.hpp.
struct column {
    enum place : int {
        key,
        id,
        random,
        name,
        queue,
        created_at,
        options,
        own_options,
        data,
        state,
        priority,
        position,
        run_at,
        due_at,
        expires_at,
        holds_dedup,
        dedup_until,
        kept_for,
        processed_at,
        finished_at,
        attempts_made,
        attempts_started,
        stalled_count,
        deferrals,
        token,
        locked_until,
        lock_duration,
        worker,
        progress,
        result,
        failed_reason,
        cancelled,
    };
};

/// Any program may have written the row: values that make no sense must neither reach arithmetic nor hide other jobs.
void note(job_record& job, const std::string& what)
{
    if (job.damage.empty())
        job.damage = what;
}

void read_options(session& tx, job_record& job, const rows& row, int first)
{
    try {
        if (!row.is_null(first + column::options))
            job.options = tx.options(row.number(first + column::options));
        else if (!row.is_null(first + column::own_options))
            job.options = tx.options(row.text(first + column::own_options));
        if (job.options)
            return;
        note(job, "its options are missing");
    } catch (const error& e) {
        note(job, e.what());
    }
    job.options = std::make_shared<const job_options>(domain::resolve({}, {}));
}

void read_state(job_record& job, const rows& row, int first)
{
    job.finished_at = row.time(first + column::finished_at);
    const bool is_known = !row.is_null(first + column::state);
    job.state = is_known ? static_cast<job_state>(row.number(first + column::state)) : job_state::failed;
    if (!is_known) {
        job.finished_at = job.timestamp;
        note(job, "it is in no table of a state");
    }
    // A job that is not delayed any more was let run when its time had come.
    const auto when = row.time(first + column::run_at);
    job.due_at = row.time(first + column::due_at);
    if (job.state == job_state::delayed)
        job.run_at = when.value_or(time_point{});
    else if (when)
        job.due_at = when;
}

/// Reads a number that has a range.
int ranged(job_record& job, const rows& row, int column, const char* name, int most)
{
    const auto stored = row.number(column);
    if (stored < 0 || stored > most)
        note(job, name + (" is " + std::to_string(stored)));
    return static_cast<int>(std::min<std::int64_t>(stored, most));
}

/// Reads a counter that can be incremented once more.
int counter(job_record& job, const rows& row, int column, const char* name)
{
    return std::max(0, ranged(job, row, column, name, std::numeric_limits<int>::max() - 1));
}

void read_attempts_so_far(job_record& job, const rows& row, int first)
{
    job.attempts_made = counter(job, row, first + column::attempts_made, "attempts_made");
    job.attempts_started = counter(job, row, first + column::attempts_started, "attempts_started");
    job.stalled_count = counter(job, row, first + column::stalled_count, "stalled_count");
    job.deferrals = counter(job, row, first + column::deferrals, "deferrals");
    job.processed_at = row.time(first + column::processed_at);
    job.token = row.text(first + column::token);
    job.worker = row.text(first + column::worker);
    job.failed_reason = row.text(first + column::failed_reason);
}

void read_lock(job_record& job, const rows& row, int first)
{
    job.locked_until = row.time(first + column::locked_until);
    job.lock_duration = read_lock_duration(row, first + column::lock_duration);
    if (!row.is_null(first + column::cancelled))
        job.cancelled = row.text(first + column::cancelled);
}

}  // namespace

milliseconds read_lock_duration(const rows& row, int column)
{
    return milliseconds{std::clamp<std::int64_t>(row.number(column), 0, domain::longest_lock.count())};
}

job_id read_id(const rows& row, int first)
{
    if (!row.is_null(first + column::id))
        return job_id{row.text(first + column::id)};
    const auto key = row.number(first + column::key);
    return job_id{domain::make_generated_id(key, row.bytes(first + column::random)).text()};
}

job_record read_job(session& tx, const rows& row, int first)
{
    job_record job;
    job.key = row.number(first + column::key);
    job.id = read_id(row, first);
    job.name = row.text(first + column::name);
    job.queue = tx.queue_name(row.number(first + column::queue));
    job.timestamp = row.time(first + column::created_at).value_or(time_point{});
    job.data = row.text(first + column::data);
    read_options(tx, job, row, first);
    read_state(job, row, first);
    job.priority = ranged(job, row, first + column::priority, "priority", domain::max_priority);
    job.position = row.number(first + column::position);
    job.expires_at = row.time(first + column::expires_at);
    job.holds_dedup = row.number(first + column::holds_dedup) != 0;
    job.dedup_until = row.time(first + column::dedup_until);
    job.kept_for = row.number(first + column::kept_for);
    read_attempts_so_far(job, row, first);
    read_lock(job, row, first);
    job.progress = row.text(first + column::progress);
    job.result = row.text(first + column::result);
    return job;
}

std::optional<job_record> find_job(session& tx, std::int64_t key)
{
    auto row = tx.sql().query("SELECT " COFILA_ANY_JOB "WHERE j.key = $1", key);
    return row.step() ? std::optional{read_job(tx, row)} : std::nullopt;
}

std::int64_t key_of(session& tx, std::int64_t queue, const job_id& id)
{
    if (const auto generated = domain::parse_generated_id(id.str())) {
        const std::string_view random{generated->random.data(), generated->random.size()};
        auto row = tx.sql().query(
            "SELECT key FROM @jobs WHERE key = $1 AND queue = $2 AND random = $3 AND id IS NULL",
            generated->key,
            queue,
            bytes{random}
        );
        if (row.step())
            return row.number(0);
    }
    auto row = tx.sql().query("SELECT key FROM @jobs WHERE queue = $1 AND id = $2", queue, id.str());
    return row.step() ? row.number(0) : 0;
}

}  // namespace cofila::postgres
