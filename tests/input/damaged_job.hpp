#pragma once
#include <algorithm>
#include <array>
#include <string>
#include <string_view>

/// The SQL that makes the job whose rows are damaged.
namespace cofila::test {

/// What a job has in each state, beside what all have.
inline constexpr const char* rows[] = {
    "UPDATE cofila_jobs SET options = NULL, rare = 1, run_at = iif(?1 = 1, 4000000000000, NULL) WHERE key = 1",
    "INSERT INTO cofila_rare SELECT key, queue, '{\"attempts\":1,\"group\":\"g\"}', "
    "iif(?1 < 2, 4000000000000, 1000), 'd', iif(?1 > 3, 1000, NULL), iif(?1 = 1, 2, NULL) "
    "FROM cofila_jobs WHERE key = 1",
    "INSERT INTO cofila_groups (number, queue, name, served, priority, position) "
    "SELECT 1, queue, 'g', 1, iif(?1 = 0, priority, NULL), iif(?1 = 0, position, NULL) FROM cofila_jobs WHERE key = 1",
    "INSERT INTO cofila_waiting_grouped SELECT queue, 1, priority, position, key, NULL "
    "FROM cofila_jobs WHERE key = 1 AND ?1 = 0",
    "INSERT INTO cofila_delayed SELECT queue, run_at, position, key, priority, 1, 0, NULL "
    "FROM cofila_jobs WHERE key = 1 AND ?1 = 1",
    "INSERT INTO cofila_active SELECT queue, key, x'00112233445566778899aabbccddeeff', 1000, 0, 1000, 1, 1, 1, 'why' "
    "FROM cofila_jobs WHERE key = 1 AND ?1 = 2",
    "INSERT INTO cofila_finished SELECT key, queue, ?1, 1000, 2, 1000, 1, 1, 0, 0, 1, "
    "x'00112233445566778899aabbccddeeff', NULL, 1, '', '' FROM cofila_jobs WHERE key = 1 AND ?1 > 3",
};
inline constexpr const char* more_rows = R"sql(
DELETE FROM cofila_waiting WHERE key = 1;
INSERT INTO cofila_worker_names VALUES (1, 'w');
INSERT INTO cofila_attempts VALUES (1, 1, 1, 'boom', 'error', '', 0, 1000, 'w');
INSERT INTO cofila_logs VALUES (1, 1, 1000, 'line');
INSERT INTO cofila_workers VALUES ('w', 'boot', 1, 1, 1, 1000);
UPDATE cofila_queues SET grouped = 1 WHERE name = 'q';
INSERT INTO cofila_claim_log SELECT number, 1893455999000, 'g', 1 FROM cofila_queues WHERE name = 'q';
INSERT INTO cofila_watched SELECT number, 9, 1, 9 FROM cofila_queues WHERE name = 'q';
INSERT INTO cofila_events SELECT number, 1, 0, 'bad', NULL, 0, 1000, 'x' FROM cofila_queues WHERE name = 'q';
INSERT INTO cofila_cursors SELECT number, 'reader', 1 FROM cofila_queues WHERE name = 'q';
INSERT INTO cofila_metrics SELECT number, 1, 4, 1, 1, 1 FROM cofila_queues WHERE name = 'q';
)sql";

/// A table whose row the job has only if it is made otherwise: without a group, with shared options, with long data.
struct other_making {
    std::string_view table;
    const char* sql;
};
inline constexpr other_making other_makings[] = {
    {"cofila_waiting",
     "INSERT INTO cofila_waiting SELECT queue, priority, position, key, was FROM cofila_waiting_grouped;"
     "DELETE FROM cofila_waiting_grouped; UPDATE cofila_groups SET priority = NULL, position = NULL;"
     "UPDATE cofila_rare SET options = '{\"attempts\":1}'"},
    {"cofila_options",
     "INSERT OR IGNORE INTO cofila_options VALUES (99, '{\"attempts\":99}');"
     "UPDATE cofila_jobs SET options = 99 WHERE key = 1"},
    {"cofila_bodies",
     "INSERT OR IGNORE INTO cofila_bodies VALUES (1, '\"long\"', '1');"
     "UPDATE cofila_jobs SET data = NULL WHERE key = 1; UPDATE cofila_finished SET result = NULL WHERE key = 1"},
};

/// The rows of the job in this table.
inline std::string rows_of_job(std::string_view table)
{
    if (table == "cofila_rare" || table == "cofila_bodies")
        return " WHERE job = 1";
    if (table == "cofila_options")
        return " WHERE number = 99";
    if (table == "cofila_queues")
        return " WHERE number <> 0";
    static constexpr std::array with_key{
        "cofila_jobs",
        "cofila_waiting",
        "cofila_waiting_grouped",
        "cofila_delayed",
        "cofila_active",
        "cofila_finished",
    };
    return std::ranges::find(with_key, table) != with_key.end() ? " WHERE key = 1" : "";
}

}  // namespace cofila::test
