#include "sqlite/queries.hpp"

#include <utility>

#include "sqlite/rows.hpp"
#include "store/cursor.hpp"

namespace cofila::sqlite {

namespace {

#define COFILA_QUEUES                                                                                                  \
    "SELECT number, name FROM cofila_queues AS q WHERE name <> '' AND (paused <> 0 OR concurrency IS NOT NULL "        \
    "OR rate_max IS NOT NULL OR group_concurrency IS NOT NULL OR group_rate_max IS NOT NULL OR keep_order <> 0 "       \
    "OR EXISTS (SELECT 1 FROM cofila_jobs WHERE queue = q.number AND id IS NOT NULL) "                                 \
    "OR EXISTS (SELECT 1 FROM cofila_jobs WHERE queue = q.number AND id IS NULL) "                                     \
    "OR EXISTS (SELECT 1 FROM cofila_watched WHERE queue = q.number AND (events IS NOT NULL OR minutes IS NOT "        \
    "NULL))) "

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

page<queue_info> queues(session& with, const page_request& request)
{
    const auto after = store::parse_text('q', request);
    store::tables& db = with;
    auto rows = queues_by_name(with, request, after);
    page<queue_info> out;
    while (rows.step()) {
        if (static_cast<int>(out.items.size()) == request.limit) {
            out.next = 'q' + out.items.back().name;
            break;
        }
        out.items.push_back({.name = rows.text(1), .settings = db.all_settings(rows.number(0))});
    }
    return out;
}

page<log_line> logs(session& with, const std::string& queue, const job_id& id, const page_request& request)
{
    const auto after = store::parse_place('l', request);
    const auto number = with.find_queue(queue);
    const auto key = number ? key_of(with, *number, id) : 0;
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
            out.next = store::to_text('l', {.first = last, .second = 0});
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

}  // namespace cofila::sqlite
