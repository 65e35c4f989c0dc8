#include "sqlite/rows.hpp"

namespace cofila::sqlite {

namespace {

void read_bodies(session& with, job_record& job, bool data, bool result)
{
    auto row = with.sql().query("SELECT data, result FROM cofila_bodies WHERE job = ?1", job.key);
    if (!row.step())
        return;
    if (data)
        job.data = row.text(0);
    if (result)
        job.result = row.text(1);
}

}  // namespace

job_record read_job(session& with, bound_statement& row)
{
    job_record job;
    job.key = row.number(0);
    job.id = job_id{row.text(1)};
    job.name = row.text(2);
    job.state = static_cast<job_state>(row.number(3));
    job.priority = static_cast<int>(row.number(4));
    job.position = row.number(5);
    job.timestamp = time_point{milliseconds{row.number(6)}};
    job.run_at = row.time(7);
    job.processed_at = row.time(8);
    job.finished_at = row.time(9);
    job.attempts_made = static_cast<int>(row.number(10));
    job.attempts_started = static_cast<int>(row.number(11));
    job.stalled_count = static_cast<int>(row.number(12));
    job.token = row.text(13);
    job.locked_until = row.time(14);
    job.lock_duration = milliseconds{row.number(15)};
    job.worker = row.text(16);
    job.options = with.options(row.text(17));
    job.progress = row.text(18);
    job.data = row.text(19);
    job.result = row.text(20);
    job.failed_reason = row.text(21);
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
