// All jobs of a queue in the order of their ids. Given ids come in their order from an index. Generated ids have none:
// they sort as the keys that they begin with, so the rows of cofila_jobs are read by key, and those of other jobs are
// passed over. The two are merged. The number of rows that a walk passes over is bounded: a queue with few jobs in a
// large file must not hold the thread that reads. Such a walk ends at a row of another job, whose key is the place
// where the next walk begins.
#include <optional>
#include <string>
#include <utility>

#include "domain/generated_id.hpp"
#include "sqlite/rows.hpp"
#include "sqlite/tables.hpp"

namespace cofila::sqlite {

namespace {

/// To pass over this many rows takes about as long as to read the jobs that a page may examine.
constexpr int most_passed = 50'000;

#define COFILA_GIVEN_IDS "SELECT " COFILA_ANY_JOB COFILA_FROM_ANY "WHERE j.queue = ?1 AND "

bound_statement given_ids(session& tx, std::int64_t queue, const std::string& after, bool newest_first, int limit)
{
    if (!newest_first)
        return tx.sql().query(COFILA_GIVEN_IDS "j.id > ?2 ORDER BY j.id LIMIT ?3", queue, after, limit);
    if (after.empty())
        return tx.sql().query(COFILA_GIVEN_IDS "j.id IS NOT NULL ORDER BY j.id DESC LIMIT ?2", queue, limit);
    return tx.sql().query(COFILA_GIVEN_IDS "j.id < ?2 ORDER BY j.id DESC LIMIT ?3", queue, after, limit);
}

#define COFILA_KEYS "SELECT key, queue = ?1 AND id IS NULL FROM cofila_jobs WHERE key "

bound_statement rows_by_key(session& tx, std::int64_t queue, const std::string& after, bool newest_first)
{
    if (!newest_first)
        return tx.sql().query(COFILA_KEYS ">= ?2 ORDER BY key", queue, domain::first_key_at(after));
    const auto last = after.empty() ? domain::most_keys : domain::first_key_at(after);
    return tx.sql().query(COFILA_KEYS "<= ?2 ORDER BY key DESC", queue, last);
}

/// A row in the order of ids.
struct row_of_id {
    std::string id{};                 ///< Of a row that is passed over only the part that its key makes.
    std::optional<job_record> job{};  ///< Unset in such a row.
};

std::optional<row_of_id> read_given(session& tx, bound_statement& rows)
{
    if (!rows.step())
        return {};
    auto job = read_job(tx, rows);
    return row_of_id{.id = job.id.str(), .job = std::move(job)};
}

std::optional<row_of_id> read_keyed(session& tx, bound_statement& rows)
{
    if (!rows.step())
        return {};
    const auto key = rows.number(0);
    auto job = rows.number(1) != 0 ? find_job(tx, key) : std::nullopt;
    return row_of_id{.id = job ? job->id.str() : domain::key_part(key), .job = std::move(job)};
}

}  // namespace

std::string tables::walk_ids(
    std::int64_t queue,
    const std::string& after,
    bool newest_first,
    int limit,
    const std::function<bool(job_record)>& next
)
{
    auto given_rows = given_ids(tx_, queue, after, newest_first, limit);
    auto keyed_rows = rows_by_key(tx_, queue, after, newest_first);
    auto given = read_given(tx_, given_rows);
    auto keyed = read_keyed(tx_, keyed_rows);
    const auto given_is_next = [&] {
        return given && (!keyed || (newest_first ? given->id >= keyed->id : given->id <= keyed->id));
    };
    const auto is_shown = [&](const std::string& id) {
        return after.empty() || (newest_first ? id < after : id > after);
    };
    for (int passed = 0; given || keyed;) {
        const bool is_given = given_is_next();
        auto& row = is_given ? given : keyed;
        if (!row->job && ++passed > most_passed)
            return std::move(row->id);
        if (row->job && is_shown(row->id) && !next(std::move(*row->job)))
            return {};
        row = is_given ? read_given(tx_, given_rows) : read_keyed(tx_, keyed_rows);
    }
    return {};
}

}  // namespace cofila::sqlite
