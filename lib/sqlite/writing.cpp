#include "sqlite/writing.hpp"

#include "sqlite/rows.hpp"

namespace cofila::sqlite {

namespace {

/// Reads the row behind the fence, whose only column is `cancelled`. No row means that the fence held.
fenced_write fenced(bound_statement row)
{
    fenced_write out{.stored = row.step()};
    if (out.stored && !row.is_null(0))
        out.cancelled = row.text(0);
    return out;
}

}  // namespace

fenced_write update_progress(session& with, const job_ref& job, const std::string& progress)
{
    const auto number = with.find_queue(job.queue);
    return fenced(with.sql().query(
        "UPDATE cofila_jobs SET progress = ?3 WHERE key = ?1 AND queue = ?4 AND " COFILA_FENCE " RETURNING cancelled",
        key_of(with, number, job),
        job.token,
        progress,
        number
    ));
}

fenced_write update_data(session& with, const job_ref& job, const std::string& data)
{
    const bool apart = data.size() > longest_inline;
    const auto* const text = apart ? nullptr : &data;
    const auto number = with.find_queue(job.queue);
    const auto key = key_of(with, number, job);
    auto written = fenced(with.sql().query(
        "UPDATE cofila_jobs SET data = ?3 WHERE key = ?1 AND queue = ?4 AND " COFILA_FENCE " RETURNING cancelled",
        key,
        job.token,
        text,
        number
    ));
    if (written.stored)
        replace_body(with, key, text ? nullptr : &data);
    return written;
}

fenced_write add_log(session& with, const job_ref& job, const log_line& line, int keep)
{
    const auto number = with.find_queue(job.queue);
    const auto key = key_of(with, number, job);
    auto written = fenced(with.sql().query(
        "SELECT cancelled FROM cofila_jobs WHERE key = ?1 AND queue = ?3 AND " COFILA_FENCE, key, job.token, number
    ));
    if (!written.stored)
        return written;
    with.sql().exec(
        "INSERT INTO cofila_logs SELECT ?1, coalesce(max(sequence), 0) + 1, ?2, ?3 FROM cofila_logs WHERE job = ?1",
        key,
        line.at,
        line.text
    );
    with.sql().exec(
        "DELETE FROM cofila_logs WHERE job = ?1 AND sequence <= (SELECT max(sequence) FROM cofila_logs WHERE job = ?1) "
        "- ?2",
        key,
        keep
    );
    return written;
}

}  // namespace cofila::sqlite
