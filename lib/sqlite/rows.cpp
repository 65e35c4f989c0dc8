#include "sqlite/rows.hpp"

#include <cofila/error.hpp>

#include <algorithm>
#include <limits>

#include "domain/generated_id.hpp"
#include "domain/validation.hpp"

namespace cofila::sqlite {

namespace {

/// The columns, in the order of the texts in rows.hpp.
struct column {
    enum place : int {
        key,
        id,
        random,
        name,
        queue,
        priority,
        position,
        created_at,
        run_at,
        due_at,
        options,
        rare,
        progress,
        data,
        state,
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
        result,
        failed_reason,
        cancelled,
        rarities,
    };
};

/// Any program, or a failing disk, may have written the row: values that make no sense must neither reach arithmetic
/// nor hide other jobs.
void note(job_record& job, const std::string& what)
{
    if (job.damage.empty())
        job.damage = what;
}

/// Reads a number that has a range. A negative one is kept as it is, since listings continue behind what they have
/// shown.
int ranged(job_record& job, bound_statement& row, int column, const char* name, int most)
{
    const auto stored = row.number(column);
    if (stored < 0 || stored > most)
        note(job, name + (" is " + std::to_string(stored)));
    return static_cast<int>(std::clamp<std::int64_t>(stored, std::numeric_limits<int>::min(), most));
}

/// Reads a counter that can be incremented once more.
int counter(job_record& job, bound_statement& row, int column, const char* name)
{
    return std::max(0, ranged(job, row, column, name, std::numeric_limits<int>::max() - 1));
}

template <class Read>
void read_options(job_record& job, Read read)
{
    try {
        job.options = read();
        if (job.options)
            return;
        note(job, "its options are missing");
    } catch (const error& e) {
        note(job, e.what());
    }
    job.options = std::make_shared<const job_options>(domain::resolve({}, {}));
}

/// Reads what few jobs have.
void read_rarities(session& tx, job_record& job, bound_statement& row, int first)
{
    if (!job.options && !row.is_null(first))
        read_options(job, [&] { return tx.options(row.text(first)); });
    job.expires_at = row.time(first + 1);
    job.holds_dedup = row.number(first + 2) != 0;
    job.dedup_until = row.time(first + 3);
    job.kept_for = row.number(first + 4);
}

void find_rarities(session& tx, job_record& job)
{
    auto row = tx.sql().query("SELECT " COFILA_RARITIES " FROM cofila_rare AS r WHERE r.job = ?1", job.key);
    if (row.step())
        read_rarities(tx, job, row, 0);
}

void read_bodies(session& tx, job_record& job, bool data_apart, bool result_apart)
{
    auto row = tx.sql().query("SELECT data, result FROM cofila_bodies WHERE job = ?1", job.key);
    const bool found = row.step();
    if (data_apart && (!found || row.is_null(0)))
        note(job, "its data is missing");
    if (data_apart && found)
        job.data = row.text(0);
    if (result_apart && found)
        job.result = row.text(1);
}

job_id read_id(bound_statement& row, int first, std::int64_t key)
{
    if (!row.is_null(first + column::id))
        return job_id{row.text(first + column::id)};
    return job_id{domain::make_generated_id(key, row.text(first + column::random)).text()};
}

void read_state(job_record& job, bound_statement& row, int first)
{
    job.finished_at = row.time(first + column::finished_at);
    const bool is_known = !row.is_null(first + column::state);
    job.state = is_known ? static_cast<job_state>(row.number(first + column::state)) : job_state::failed;
    if (is_finished(job.state) && !job.finished_at)
        job.finished_at = job.timestamp;
    if (!is_known)
        note(job, "it is in no table of a state");
    // A job that is not delayed any more was let run when its time had come.
    const auto when = row.time(first + column::run_at);
    job.due_at = row.time(first + column::due_at);
    if (job.state == job_state::delayed)
        job.run_at = when.value_or(time_point{});
    else if (when)
        job.due_at = when;
}

void read_attempts_so_far(job_record& job, bound_statement& row, int first)
{
    job.attempts_made = counter(job, row, first + column::attempts_made, "attempts_made");
    job.attempts_started = counter(job, row, first + column::attempts_started, "attempts_started");
    job.stalled_count = counter(job, row, first + column::stalled_count, "stalled_count");
    job.deferrals = counter(job, row, first + column::deferrals, "deferrals");
}

}  // namespace

milliseconds read_lock_duration(bound_statement& row, int column)
{
    return milliseconds{std::clamp<std::int64_t>(row.number(column), 0, domain::longest_lock.count())};
}

std::optional<time_point> not_before(bound_statement& row, int first) { return row.time(first + column::run_at); }

namespace {

/// `find_rarities` is called for a job that has any.
template <class FindRarities>
job_record read_job(session& tx, bound_statement& row, int first, FindRarities find_rarities)
{
    job_record job;
    job.key = row.number(first + column::key);
    job.id = read_id(row, first, job.key);
    job.name = row.text(first + column::name);
    job.queue = tx.queue_name(row.number(first + column::queue));
    job.priority = ranged(job, row, first + column::priority, "priority", domain::max_priority);
    job.position = row.number(first + column::position);
    job.timestamp = row.time(first + column::created_at).value_or(time_point{});
    read_state(job, row, first);
    read_attempts_so_far(job, row, first);
    job.processed_at = row.time(first + column::processed_at);
    job.token = domain::to_hex(row.text(first + column::token));
    job.locked_until = row.time(first + column::locked_until);
    job.lock_duration = read_lock_duration(row, first + column::lock_duration);
    if (!row.is_null(first + column::worker))
        job.worker = tx.worker_name(row.number(first + column::worker));
    job.progress = row.text(first + column::progress);
    job.data = row.text(first + column::data);
    job.result = row.text(first + column::result);
    job.failed_reason = row.text(first + column::failed_reason);
    if (!row.is_null(first + column::cancelled))
        job.cancelled = row.text(first + column::cancelled);
    if (!row.is_null(first + column::options))
        read_options(job, [&] { return tx.options(row.number(first + column::options)); });
    if (row.number(first + column::rare) != 0)
        find_rarities(job);
    if (!job.options)
        read_options(job, [] { return std::shared_ptr<const job_options>{}; });
    const bool data_apart = row.is_null(first + column::data);
    const bool result_apart = row.is_null(first + column::result);
    if (data_apart || result_apart)
        read_bodies(tx, job, data_apart, result_apart);
    return job;
}

void check_place(bound_statement& row, int agrees, job_record& job)
{
    if (row.number(agrees) == 0)
        note(job, "it stands in another place than its row says");
}

}  // namespace

job_record read_job(session& tx, bound_statement& row, int first)
{
    return read_job(tx, row, first, [&](job_record& job) { find_rarities(tx, job); });
}

job_record read_waiting_job(session& tx, bound_statement& row, int first)
{
    auto job = read_job(tx, row, first + 1);
    check_place(row, first, job);
    return job;
}

job_record read_waiting_job_and_rarities(session& tx, bound_statement& row, int first)
{
    const int job_at = first + 1;
    auto job =
        read_job(tx, row, job_at, [&](job_record& what) { read_rarities(tx, what, row, job_at + column::rarities); });
    check_place(row, first, job);
    return job;
}

std::optional<job_record> find_job(session& tx, std::int64_t key)
{
    auto row = tx.sql().query("SELECT " COFILA_ANY_JOB COFILA_FROM_ANY "WHERE j.key = ?1", key);
    return row.step() ? std::optional{read_job(tx, row)} : std::nullopt;
}

std::int64_t key_of(session& tx, std::int64_t queue, const job_id& id)
{
    if (const auto generated = domain::parse_generated_id(id.str())) {
        const std::string_view random{generated->random.data(), generated->random.size()};
        auto row = tx.sql().query(
            "SELECT key FROM cofila_jobs WHERE key = ?1 AND queue = ?2 AND random = ?3 AND id IS NULL",
            generated->key,
            queue,
            bytes{random}
        );
        if (row.step())
            return row.number(0);
    }
    auto row = tx.sql().query("SELECT key FROM cofila_jobs WHERE queue = ?1 AND id = ?2", queue, id.str());
    return row.step() ? row.number(0) : 0;
}

}  // namespace cofila::sqlite
