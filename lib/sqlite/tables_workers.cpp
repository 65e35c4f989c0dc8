#include <utility>

#include "domain/generated_id.hpp"
#include "sqlite/rows.hpp"
#include "sqlite/tables.hpp"

/// Registered workers, and the locks that they hold.
namespace cofila::sqlite {

namespace {

/// Reads a process from four columns.
process_identity read_process(bound_statement& row, int first)
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
        "INSERT OR REPLACE INTO cofila_workers VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        worker.id,
        worker.process.boot_id,
        static_cast<std::int64_t>(worker.process.pid_namespace),
        worker.process.pid,
        static_cast<std::int64_t>(worker.process.start_time),
        worker.started_at
    );
}

void tables::forget_worker(const std::string& id) { sql_.exec("DELETE FROM cofila_workers WHERE id = ?1", id); }

std::vector<worker_row> tables::workers()
{
    std::vector<worker_row> out;
    auto row = sql_.query("SELECT id, started_at, boot_id, pid_namespace, pid, start_time FROM cofila_workers");
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
        "SELECT a.key, a.token, a.locked_until, a.lock_duration, p.boot_id, p.pid_namespace, p.pid, p.start_time "
        "FROM cofila_active AS a LEFT JOIN cofila_worker_names AS n ON n.number = a.worker "
        "LEFT JOIN cofila_workers AS p ON p.id = n.name "
        "WHERE EXISTS (SELECT 1 FROM cofila_queues WHERE number = a.queue) "
        "OR EXISTS (SELECT 1 FROM cofila_jobs WHERE key = a.key)"
    );
    while (row.step()) {
        lock_row lock{
            .key = row.number(0),
            .token = domain::to_hex(row.text(1)),
            .locked_until = row.time(2).value_or(time_point{}),
            .lock_duration = read_lock_duration(row, 3),
        };
        if (!row.is_null(4))
            lock.process = read_process(row, 4);
        out.push_back(std::move(lock));
    }
    return out;
}

}  // namespace cofila::sqlite
