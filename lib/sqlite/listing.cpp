#include "domain/listing.hpp"

#include <cofila/error.hpp>

#include <algorithm>
#include <charconv>
#include <limits>
#include <utility>

#include "sqlite/queries.hpp"
#include "sqlite/rows.hpp"
#include "sqlite/settings.hpp"

/// What is listed in pages: jobs, log lines, queues.
namespace cofila::sqlite {

namespace {

/// Where a page ended: the values by which its listing is ordered.
struct place {
    std::int64_t first = 0;
    std::int64_t second = 0;
};

/// Before all rows, in the direction in which they are read.
place before_all(bool newest_first)
{
    using number = std::numeric_limits<std::int64_t>;
    const auto out = newest_first ? number::max() : number::min();
    return {.first = out, .second = out};
}

[[noreturn]] void refuse_cursor()
{
    throw error{errc::invalid_argument, "after", "is not the end of a page of this listing"};
}

/// A cursor begins with the letter of its listing, so that one of another listing is refused.
place parse_place(char listing, const page_request& request)
{
    const auto& text = request.after;
    if (text.empty())
        return before_all(request.newest_first);
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

std::string to_text(char listing, const place& at)
{
    return listing + std::to_string(at.first) + ":" + std::to_string(at.second);
}

/// How a listing is read in both directions, by statements that take (queue, first, second, limit), and where a job
/// stands in it.
struct reading {
    const char* forwards;
    const char* backwards;
    place (*at)(const job_record&);
};

#define COFILA_LIST "SELECT " COFILA_JOB_COLUMNS " FROM cofila_jobs WHERE queue = ?1 AND "
#define COFILA_FORWARDS(first, second) " AND (" first ", " second ") > (?2, ?3) ORDER BY " first ", " second " LIMIT ?4"
#define COFILA_BACKWARDS(first, second)                                                                                \
    " AND (" first ", " second ") < (?2, ?3) ORDER BY " first " DESC, " second " DESC LIMIT ?4"
#define COFILA_READING(which, first, second)                                                                           \
    COFILA_LIST which COFILA_FORWARDS(first, second), COFILA_LIST which COFILA_BACKWARDS(first, second)
#define COFILA_COMPLETED "state = 4 AND finished_at IS NOT NULL"
#define COFILA_FAILED "state = 5 AND finished_at IS NOT NULL"
// SQLite merges the two orders.
#define COFILA_BOTH(direction)                                                                                         \
    COFILA_LIST COFILA_COMPLETED " AND (finished_at, key) " direction " UNION ALL " COFILA_LIST COFILA_FAILED          \
                                 " AND (finished_at, key) " direction

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

reading reading_of(char letter)
{
    switch (letter) {
    case 'w':
        return {COFILA_READING("state = 0", "priority", "position"), by_turn};
    case 'd':
        return {COFILA_READING("state = 1", "run_at", "position"), by_due};
    case 'a':
        return {
            COFILA_LIST "state = 2 AND key > ?2 ORDER BY key LIMIT ?4",
            COFILA_LIST "state = 2 AND key < ?2 ORDER BY key DESC LIMIT ?4",
            by_key
        };
    case 'c':
        return {COFILA_READING(COFILA_COMPLETED, "finished_at", "key"), by_finish};
    case 'f':
        return {COFILA_READING(COFILA_FAILED, "finished_at", "key"), by_finish};
    case 'e':
        return {
            COFILA_BOTH("> (?2, ?3)") " ORDER BY finished_at, key LIMIT ?4",
            COFILA_BOTH("< (?2, ?3)") " ORDER BY finished_at DESC, key DESC LIMIT ?4",
            by_finish
        };
    default:  // no job is in waiting_children yet, and no index would find one
        return {
            COFILA_LIST "state = 3 AND key > ?2 ORDER BY key LIMIT 0 * ?4",
            COFILA_LIST "state = 3 AND key < ?2 ORDER BY key LIMIT 0 * ?4",
            by_key
        };
    }
}

/// Fills a page from one listing after the other.
class page_of_jobs {
public:
    page_of_jobs(session& with, const job_filter& filter, const page_request& request)
        : with_{with},
          filter_{filter},
          request_{request}
    {}

    page<job_snapshot> out{};

    /// The statement reads one row more than may be examined, which shows whether there is a next page. Returns false
    /// if the page ends here.
    template <class Cursor>
    bool add(bound_statement rows, Cursor cursor)
    {
        for (; rows.step(); ++examined_) {
            if (static_cast<int>(out.items.size()) == request_.limit || examined_ == domain::most_examined) {
                out.next = std::move(last_);
                return false;
            }
            auto job = read_job(with_, rows);
            if (domain::none_follow(job, filter_, request_.newest_first))
                break;
            last_ = cursor(job);
            if (domain::matches(job, filter_))
                out.items.push_back(std::make_shared<const job_record>(std::move(job)));
        }
        return true;
    }

private:
    session& with_;
    const job_filter& filter_;
    const page_request& request_;
    std::string last_{};  // the cursor of the last job examined
    int examined_ = 0;
};

bound_statement jobs_by_id(session& with, std::int64_t queue, const page_request& request, const std::string& after)
{
    static constexpr int most = domain::most_examined + 1;
    if (!request.newest_first)
        return with.sql().query(COFILA_LIST "id > ?2 ORDER BY id LIMIT ?3", queue, after, most);
    if (after.empty())
        return with.sql().query(COFILA_LIST "true ORDER BY id DESC LIMIT ?2", queue, most);
    return with.sql().query(COFILA_LIST "id < ?2 ORDER BY id DESC LIMIT ?3", queue, after, most);
}

page<job_snapshot> list_by_id(session& with, std::int64_t queue, const job_filter& filter, const page_request& request)
{
    if (!request.after.empty() && request.after.front() != 'i')
        refuse_cursor();
    const auto after = request.after.empty() ? std::string{} : request.after.substr(1);
    page_of_jobs filling{with, filter, request};
    filling.add(jobs_by_id(with, queue, request, after), [](const job_record& job) { return "i" + job.id.str(); });
    return std::move(filling.out);
}

#define COFILA_QUEUES                                                                                                  \
    "SELECT number, name FROM cofila_queues AS q WHERE name <> '' AND (paused <> 0 OR concurrency IS NOT NULL "        \
    "OR rate_max IS NOT NULL OR group_concurrency IS NOT NULL OR group_rate_max IS NOT NULL OR keep_order <> 0 "       \
    "OR EXISTS (SELECT 1 FROM cofila_jobs WHERE queue = q.number) OR EXISTS (SELECT 1 FROM cofila_watched "            \
    "WHERE queue = q.number AND (events IS NOT NULL OR minutes IS NOT NULL))) "

bound_statement queues_by_name(session& with, const page_request& request, const std::string& after)
{
    const auto most = std::int64_t{request.limit} + 1;
    if (!request.newest_first)
        return with.sql().query(COFILA_QUEUES "AND name > ?1 ORDER BY name LIMIT ?2", after, most);
    if (after.empty())
        return with.sql().query(COFILA_QUEUES "ORDER BY name DESC LIMIT ?1", most);
    return with.sql().query(COFILA_QUEUES "AND name < ?1 ORDER BY name DESC LIMIT ?2", after, most);
}

}  // namespace

page<job_snapshot> list(session& with, const std::string& queue, const job_filter& filter, const page_request& request)
{
    const auto number = with.find_queue(queue).value_or(0);  // no queue has number 0
    if (filter.state.empty())
        return list_by_id(with, number, filter, request);
    const auto listings = domain::listings_of(filter.state, request.newest_first);
    auto next = listings.begin();
    if (!request.after.empty())
        next = std::ranges::find(listings, request.after.front(), &domain::listing::letter);
    if (next == listings.end())
        refuse_cursor();
    page_of_jobs filling{with, filter, request};
    auto after = parse_place(next->letter, request);
    bool more = true;
    for (; more && next != listings.end(); ++next, after = before_all(request.newest_first)) {
        const auto chosen = reading_of(next->letter);
        more = filling.add(
            with.sql().query(
                request.newest_first ? chosen.backwards : chosen.forwards,
                number,
                after.first,
                after.second,
                domain::most_examined + 1
            ),
            [&](const job_record& job) { return to_text(next->letter, chosen.at(job)); }
        );
    }
    return std::move(filling.out);
}

page<log_line> logs(session& with, const std::string& queue, const job_id& id, const page_request& request)
{
    const auto after = parse_place('l', request);
    const auto number = with.find_queue(queue);
    const auto key = number ? key_of(with, number, {.id = id}) : 0;
    auto rows = with.sql().query(
        request.newest_first ? "SELECT at, line, sequence FROM cofila_logs WHERE job = ?1 AND sequence < ?2 "
                               "ORDER BY sequence DESC LIMIT ?3"
                             : "SELECT at, line, sequence FROM cofila_logs WHERE job = ?1 AND sequence > ?2 "
                               "ORDER BY sequence LIMIT ?3",
        key,
        after.first,
        std::int64_t{request.limit} + 1
    );
    page<log_line> out;
    for (std::int64_t last = 0; rows.step(); last = rows.number(2)) {
        if (static_cast<int>(out.items.size()) == request.limit) {
            out.next = to_text('l', {.first = last, .second = 0});
            break;
        }
        out.items.push_back({.at = time_point{milliseconds{rows.number(0)}}, .text = rows.text(1)});
    }
    return out;
}

page<queue_info> queues(session& with, const page_request& request)
{
    if (!request.after.empty() && request.after.front() != 'q')
        refuse_cursor();
    const auto after = request.after.empty() ? std::string{} : request.after.substr(1);
    auto rows = queues_by_name(with, request, after);
    page<queue_info> out;
    while (rows.step()) {
        if (static_cast<int>(out.items.size()) == request.limit) {
            out.next = 'q' + out.items.back().name;
            break;
        }
        out.items.push_back({.name = rows.text(1), .limits = read_limits(with, rows.number(0))});
    }
    return out;
}

}  // namespace cofila::sqlite
