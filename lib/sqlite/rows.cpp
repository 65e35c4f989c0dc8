#include "sqlite/rows.hpp"

#include <cofila/error.hpp>

#include <algorithm>
#include <limits>

#include "domain/validation.hpp"

namespace cofila::sqlite {

namespace {

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

std::shared_ptr<const job_options> read_options(session& with, job_record& job, const std::string& text)
{
    try {
        return with.options(text);
    } catch (const error& e) {
        note(job, e.what());
    }
    return std::make_shared<const job_options>(domain::resolve({}, {}));
}

void read_bodies(session& with, job_record& job, bool data, bool result)
{
    auto row = with.sql().query("SELECT data, result FROM cofila_bodies WHERE job = ?1", job.key);
    const bool found = row.step();
    if (data && (!found || row.is_null(0)))
        note(job, "its data is missing");
    if (data && found)
        job.data = row.text(0);
    if (result && found)
        job.result = row.text(1);
}

}  // namespace

milliseconds read_lock_duration(bound_statement& row, int column)
{
    return milliseconds{std::clamp<std::int64_t>(row.number(column), 0, domain::longest_lock.count())};
}

job_record read_job(session& with, bound_statement& row)
{
    job_record job;
    job.key = row.number(0);
    job.id = job_id{row.text(1)};
    job.name = row.text(2);
    job.state = static_cast<job_state>(row.number(3));
    job.priority = ranged(job, row, 4, "priority", domain::max_priority);
    job.position = row.number(5);
    job.timestamp = time_point{milliseconds{row.number(6)}};
    if (job.state == job_state::delayed)  // in a waiting job it matters to claims only
        job.run_at = row.time(7);
    job.processed_at = row.time(8);
    job.finished_at = row.time(9);
    job.attempts_made = counter(job, row, 10, "attempts_made");
    job.attempts_started = counter(job, row, 11, "attempts_started");
    job.stalled_count = counter(job, row, 12, "stalled_count");
    job.token = row.text(13);
    job.locked_until = row.time(14);
    job.lock_duration = read_lock_duration(row, 15);
    job.worker = row.text(16);
    job.options = read_options(with, job, row.text(17));
    job.progress = row.text(18);
    job.data = row.text(19);
    job.result = row.text(20);
    job.failed_reason = row.text(21);
    job.deferrals = counter(job, row, 22, "deferrals");
    job.expires_at = row.time(23);
    if (!row.is_null(24))
        job.cancelled = row.text(24);
    job.holds_dedup = !row.is_null(25);
    job.dedup_until = row.time(26);
    job.kept_for = row.number(27);
    job.due_at = row.time(28);
    job.queue = with.queue_name(row.number(29));
    const bool data_apart = row.is_null(19);
    const bool result_apart = row.is_null(20);
    if (data_apart || result_apart)
        read_bodies(with, job, data_apart, result_apart);
    return job;
}

void insert_bodies(session& with, std::int64_t key, const std::string* data, const std::string* result)
{
    with.sql().exec(
        "INSERT INTO cofila_bodies (job, data, result) VALUES (?1, ?2, ?3) "
        "ON CONFLICT (job) DO UPDATE SET data = coalesce(excluded.data, data), result = excluded.result",
        key,
        data,
        result
    );
}

void replace_body(session& with, std::int64_t key, const std::string* data)
{
    if (data)
        with.sql().exec(
            "INSERT INTO cofila_bodies (job, data) VALUES (?1, ?2) ON CONFLICT (job) DO UPDATE SET data = "
            "excluded.data",
            key,
            data
        );
    else
        with.sql().exec("UPDATE cofila_bodies SET data = NULL WHERE job = ?1", key);
}

std::optional<job_record> find_job(session& with, std::int64_t queue, const job_id& id)
{
    auto row = with.sql().query(
        "SELECT " COFILA_JOB_COLUMNS " FROM cofila_jobs WHERE queue = ?1 AND id = ?2", queue, id.str()
    );
    return row.step() ? std::optional{read_job(with, row)} : std::nullopt;
}

std::optional<job_record> find_job(session& with, std::int64_t key)
{
    auto row = with.sql().query("SELECT " COFILA_JOB_COLUMNS " FROM cofila_jobs WHERE key = ?1", key);
    return row.step() ? std::optional{read_job(with, row)} : std::nullopt;
}

std::optional<job_record> find_job(session& with, std::int64_t queue, std::int64_t key)
{
    auto row =
        with.sql().query("SELECT " COFILA_JOB_COLUMNS " FROM cofila_jobs WHERE key = ?1 AND queue = ?2", key, queue);
    return row.step() ? std::optional{read_job(with, row)} : std::nullopt;
}

std::int64_t key_of(session& with, std::optional<std::int64_t> queue, const job_ref& job)
{
    if (job.key != 0 || !queue)
        return job.key;
    auto row = with.sql().query("SELECT key FROM cofila_jobs WHERE queue = ?1 AND id = ?2", *queue, job.id.str());
    return row.step() ? row.number(0) : 0;
}

std::vector<attempt> read_attempts(session& with, std::int64_t key)
{
    std::vector<attempt> out;
    auto row = with.sql().query(
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
