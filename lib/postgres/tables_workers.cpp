#include <utility>

#include "postgres/rows.hpp"
#include "postgres/tables.hpp"

/// Registered workers, and the locks that they hold.
namespace cofila::postgres {

namespace {

/// Reads a process from four columns.
process_identity read_process(const rows& row, int first)
{
    return {
        .boot_id = row.text(first),
        .pid_namespace = static_cast<std::uint64_t>(row.number(first + 1)),
        .pid = row.number(first + 2),
        .start_time = static_cast<std::uint64_t>(row.number(first + 3)),
    };
}

}  // namespace

void tables::register_worker(const worker_row& worker)
{
    sql_.exec(
        "INSERT INTO @workers (id, boot_id, pid_namespace, pid, start_time, started_at) "
        "VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (id) DO UPDATE SET boot_id = excluded.boot_id, "
        "pid_namespace = excluded.pid_namespace, pid = excluded.pid, start_time = excluded.start_time, "
        "started_at = excluded.started_at",
        worker.id,
        worker.process.boot_id,
        static_cast<std::int64_t>(worker.process.pid_namespace),
        worker.process.pid,
        static_cast<std::int64_t>(worker.process.start_time),
        worker.started_at
    );
}

void tables::forget_worker(const std::string& id) { sql_.exec("DELETE FROM @workers WHERE id = $1", id); }

std::vector<worker_row> tables::workers()
{
    std::vector<worker_row> out;
    auto row = sql_.query("SELECT id, started_at, boot_id, pid_namespace, pid, start_time FROM @workers");
    while (row.step())
        out.push_back({
            .id = row.text(0),
            .process = read_process(row, 2),
            .started_at = row.time(1).value_or(time_point{}),
        });
    return out;
}

std::vector<lock_row> tables::locks()
{
    std::vector<lock_row> out;
    auto row = sql_.query(
        "SELECT l.key, l.token, l.locked_until, l.lock_duration, p.boot_id, p.pid_namespace, p.pid, p.start_time "
        "FROM @live AS l LEFT JOIN @workers AS p ON p.id = l.worker WHERE l.state = 2"
    );
    while (row.step()) {
        lock_row lock{
            .key = row.number(0),
            .token = row.text(1),
            .locked_until = row.time(2).value_or(time_point{}),
            .lock_duration = read_lock_duration(row, 3),
        };
        if (!row.is_null(4))
            lock.process = read_process(row, 4);
        out.push_back(std::move(lock));
    }
    return out;
}

}  // namespace cofila::postgres
