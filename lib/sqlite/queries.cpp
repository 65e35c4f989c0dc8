#include "sqlite/queries.hpp"

#include <cofila/error.hpp>

#include <charconv>
#include <limits>
#include <utility>

#include "domain/listing.hpp"
#include "sqlite/jobs.hpp"
#include "sqlite/rows.hpp"

namespace cofila::sqlite {

namespace {

/// Where a page ended: the values by which its listing is ordered.
struct place {
    std::int64_t first = std::numeric_limits<std::int64_t>::min();
    std::int64_t second = std::numeric_limits<std::int64_t>::min();
};

[[noreturn]] void refuse_cursor()
{
    throw error{errc::invalid_argument, "after", "is not the end of a page of this listing"};
}

/// A cursor begins with the letter of its listing: one of another listing is none of this one.
place parse_place(char listing, const std::string& text)
{
    if (text.empty())
        return {};
    if (text.front() != listing)
        refuse_cursor();
    place out;
    const auto* const end = text.data() + text.size();
    const auto first = std::from_chars(text.data() + 1, end, out.first);
    if (first.ec != std::errc{} || first.ptr == end || *first.ptr != ':')
        refuse_cursor();
    const auto second = std::from_chars(first.ptr + 1, end, out.second);
    if (second.ec != std::errc{} || second.ptr != end)
        refuse_cursor();
    return out;
}

std::string to_text(char listing, std::int64_t first, std::int64_t second)
{
    return listing + std::to_string(first) + ":" + std::to_string(second);
}

/// One listing: its letter, its statement, taking (queue, first, second, limit), and the place of a job in it.
struct listing {
    char letter;
    const char* sql;
    place (*at)(const job_record&);
};

#define COFILA_LIST "SELECT " COFILA_JOB_COLUMNS " FROM cofila_jobs WHERE queue = ?1 AND "
#define COFILA_BY_FINISH                                                                                               \
    "AND finished_at IS NOT NULL AND (finished_at, key) > (?2, ?3) ORDER BY finished_at, key LIMIT ?4"

place by_turn(const job_record& job) { return {.first = job.priority, .second = job.position}; }
place by_due(const job_record& job)
{
    return {.first = job.run_at->time_since_epoch().count(), .second = job.position};
}
place by_finish(const job_record& job)
{
    return {.first = job.finished_at->time_since_epoch().count(), .second = job.key};
}
place by_key(const job_record& job) { return {.first = job.key, .second = 0}; }

listing listing_of(job_state state)
{
    switch (state) {
    case job_state::waiting:
        return {
            'w',
            COFILA_LIST "state = 0 AND (priority, position) > (?2, ?3) ORDER BY priority, position LIMIT ?4",
            by_turn
        };
    case job_state::delayed:
        return {
            'd', COFILA_LIST "state = 1 AND (run_at, position) > (?2, ?3) ORDER BY run_at, position LIMIT ?4", by_due
        };
    case job_state::active:
        return {'a', COFILA_LIST "state = 2 AND key > ?2 ORDER BY key LIMIT ?4", by_key};
    case job_state::waiting_children:  // no job is in it yet, and no index would find one
        return {'h', COFILA_LIST "state = 3 AND key > ?2 ORDER BY key LIMIT 0 * ?4", by_key};
    case job_state::completed:
        return {'c', COFILA_LIST "state = 4 " COFILA_BY_FINISH, by_finish};
    case job_state::failed:
        return {'f', COFILA_LIST "state = 5 " COFILA_BY_FINISH, by_finish};
    }
    throw error{errc::invalid_argument, "state", "is none of the states"};
}

/// The statement asks for one more than may be examined, which tells whether there is a next page.
template <class Cursor>
page<job_snapshot> read_page(session& with, bound_statement rows, const job_filter& filter, int limit, Cursor cursor)
{
    page<job_snapshot> out;
    std::string last;
    for (int examined = 0; rows.step(); ++examined) {
        if (static_cast<int>(out.items.size()) == limit || examined == domain::most_examined) {
            out.next = std::move(last);
            break;
        }
        auto job = read_job(with, rows);
        if (domain::none_follow(job, filter))
            break;
        last = cursor(job);
        if (domain::matches(job, filter))
            out.items.push_back(std::make_shared<const job_record>(std::move(job)));
    }
    return out;
}

page<job_snapshot> list_by_id(session& with, std::int64_t queue, const job_filter& filter, const page_request& request)
{
    if (!request.after.empty() && request.after.front() != 'i')
        refuse_cursor();
    const auto after = request.after.empty() ? std::string{} : request.after.substr(1);
    return read_page(
        with,
        with.sql().query(COFILA_LIST "id > ?2 ORDER BY id LIMIT ?3", queue, after, domain::most_examined + 1),
        filter,
        request.limit,
        [](const job_record& job) { return "i" + job.id.str(); }
    );
}

std::size_t count(session& with, const char* sql, std::int64_t queue)
{
    auto row = with.sql().query(sql, queue);
    return row.step() ? static_cast<std::size_t>(row.number(0)) : 0;
}

}  // namespace

std::optional<job_record> get(session& with, const std::string& queue, const job_id& id)
{
    const auto number = with.find_queue(queue);
    auto job = number ? find_job(with, *number, id) : std::nullopt;
    if (job)
        job->attempts = read_attempts(with, job->key);
    return job;
}

page<job_snapshot> list(session& with, const std::string& queue, const job_filter& filter, const page_request& request)
{
    const auto number = with.find_queue(queue).value_or(0);  // no queue has number 0
    if (!filter.state)
        return list_by_id(with, number, filter, request);
    const auto chosen = listing_of(*filter.state);
    const auto after = parse_place(chosen.letter, request.after);
    return read_page(
        with,
        with.sql().query(chosen.sql, number, after.first, after.second, domain::most_examined + 1),
        filter,
        request.limit,
        [&](const job_record& job) {
            const auto end = chosen.at(job);
            return to_text(chosen.letter, end.first, end.second);
        }
    );
}

job_counts counts(session& with, const std::string& queue)
{
    const auto number = with.find_queue(queue);
    if (!number)
        return {};
#define COFILA_COUNT "SELECT count(*) FROM cofila_jobs WHERE queue = ?1 AND "
    return {
        .waiting = count(with, COFILA_COUNT "state = 0", *number),
        .delayed = count(with, COFILA_COUNT "state = 1", *number),
        .active = count(with, COFILA_COUNT "state = 2", *number),
        .completed = count(with, COFILA_COUNT "state = 4 AND finished_at IS NOT NULL", *number),
        .failed = count(with, COFILA_COUNT "state = 5 AND finished_at IS NOT NULL", *number),
    };
}

std::vector<std::size_t> counts_by_priority(session& with, const std::string& queue, const std::vector<int>& priorities)
{
    const auto number = with.find_queue(queue).value_or(0);
    std::vector<std::size_t> out;
    for (const int priority : priorities) {
        auto row = with.sql().query(
            "SELECT count(*) FROM cofila_jobs WHERE queue = ?1 AND state = 0 AND priority = ?2", number, priority
        );
        out.push_back(row.step() ? static_cast<std::size_t>(row.number(0)) : 0);
    }
    return out;
}

std::optional<std::size_t> position(session& with, const std::string& queue, const job_id& id)
{
    const auto number = with.find_queue(queue);
    const auto job = number ? find_job(with, *number, id) : std::nullopt;
    if (!job || job->state != job_state::waiting)
        return {};
    auto row = with.sql().query(
        "SELECT count(*) FROM cofila_jobs WHERE queue = ?1 AND state = 0 AND (priority, position) < (?2, ?3)",
        *number,
        job->priority,
        job->position
    );
    return row.step() ? static_cast<std::size_t>(row.number(0)) : 0;
}

page<log_line> logs(session& with, const std::string& queue, const job_id& id, const page_request& request)
{
    const auto after = parse_place('l', request.after);
    const auto number = with.find_queue(queue);
    const auto key = number ? key_of(with, number, {.id = id}) : 0;
    auto rows = with.sql().query(
        "SELECT at, line, sequence FROM cofila_logs WHERE job = ?1 AND sequence > ?2 ORDER BY sequence LIMIT ?3",
        key,
        after.first,
        std::int64_t{request.limit} + 1
    );
    page<log_line> out;
    for (std::int64_t last = 0; rows.step(); last = rows.number(2)) {
        if (static_cast<int>(out.items.size()) == request.limit) {
            out.next = to_text('l', last, 0);
            break;
        }
        out.items.push_back({.at = time_point{milliseconds{rows.number(0)}}, .text = rows.text(1)});
    }
    return out;
}

bool is_paused(session& with, const std::string& queue)
{
    auto row = with.sql().query("SELECT paused FROM cofila_queues WHERE name = ?1", queue);
    return row.step() && row.number(0) != 0;
}

namespace {

/// From four columns.
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

std::vector<lock_row> locks(session& with)
{
    std::vector<lock_row> out;
    auto row =
        with.sql().query("SELECT key, token, locked_until, lock_duration, boot_id, pid_namespace, pid, start_time "
                         "FROM cofila_queues CROSS JOIN cofila_jobs ON cofila_jobs.queue = cofila_queues.number AND "
                         "cofila_jobs.state = 2 "
                         "LEFT JOIN cofila_workers ON cofila_workers.id = cofila_jobs.worker");
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

std::vector<worker_row> workers(session& with)
{
    std::vector<worker_row> out;
    auto row = with.sql().query("SELECT id, started_at, boot_id, pid_namespace, pid, start_time FROM cofila_workers");
    while (row.step())
        out.push_back({
            .id = row.text(0),
            .process = read_process(row, 2),
            .started_at = row.time(1).value_or(time_point{}),
        });
    return out;
}

}  // namespace cofila::sqlite
