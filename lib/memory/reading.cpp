// What a repository tells without changing anything.
#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <iterator>
#include <limits>
#include <utility>

#include "async/event.hpp"
#include "domain/listing.hpp"
#include "domain/observation.hpp"
#include "memory/claiming.hpp"
#include "memory/cursor.hpp"
#include "memory/repository.hpp"

namespace cofila::memory {

namespace asio = boost::asio;

namespace {

/// The rows from `from` on: `item` makes what is shown of one, `cursor` names the last one shown.
template <class Rows, class Item, class Cursor>
auto fill_page(const Rows& rows, typename Rows::const_iterator from, int limit, Item item, Cursor cursor)
{
    page<decltype(item(*from))> out;
    auto last = from;
    for (; from != rows.end() && out.items.size() < static_cast<std::size_t>(limit); last = from++)
        out.items.push_back(item(*from));
    if (from != rows.end())
        out.next = cursor(*last);
    return out;
}

/// As `fill_page`, of jobs: those that match, among so many.
template <class Rows, class Cursor>
page<job_snapshot> fill_page(
    const stored_queue& in,
    const Rows& rows,
    typename Rows::const_iterator from,
    const job_filter& filter,
    int limit,
    Cursor cursor
)
{
    page<job_snapshot> out;
    auto last = from;
    for (int examined = 0; from != rows.end() && examined < domain::most_examined; ++examined, last = from++) {
        if (out.items.size() == static_cast<std::size_t>(limit))
            break;
        const auto& job = in.at(from->second).record;
        if (domain::none_follow(job, filter))
            return out;
        if (domain::matches(job, filter))
            out.items.push_back(snapshot(job));
    }
    if (from != rows.end())
        out.next = cursor(*last);
    return out;
}

}  // namespace

asio::awaitable<std::optional<job_record>> repository::get(std::string queue, job_id id)
{
    const auto* job = open_queue(queue).find(id);
    if (!job)
        co_return std::nullopt;
    co_return job->record;
}

asio::awaitable<page<job_snapshot>> repository::list(std::string queue, job_filter filter, page_request request)
{
    const auto& in = open_queue(queue);
    const auto& after = request.after;
    if (filter.state) {
        const auto& rows = in.jobs_in(*filter.state);
        const auto from = after.empty() ? rows.begin() : rows.upper_bound(place_from(*filter.state, after));
        co_return fill_page(in, rows, from, filter, request.limit, [&](const auto& row) {
            return to_cursor(*filter.state, row.first);
        });
    }
    const auto& rows = in.ids();
    const auto from = after.empty() ? rows.begin() : rows.upper_bound(id_from(after));
    co_return fill_page(in, rows, from, filter, request.limit, [](const auto& row) { return to_cursor(row.first); });
}

asio::awaitable<std::optional<job_situation>> repository::situation(std::string queue, job_id id, time_point now)
{
    const auto& in = open_queue(queue);
    const auto* job = in.find(id);
    if (!job)
        co_return std::nullopt;
    co_return situation_of(in, job->record, now);
}

asio::awaitable<page<log_line>> repository::logs(std::string queue, job_id id, page_request request)
{
    const auto* job = open_queue(queue).find(id);
    if (!job)
        co_return page<log_line>{};
    const auto& rows = job->logs;
    const auto from = request.after.empty() ? rows.begin() : rows.upper_bound(log_number_from(request.after));
    co_return fill_page(
        rows,
        from,
        request.limit,
        [](const auto& row) { return row.second; },
        [](const auto& row) { return to_cursor(row.first); }
    );
}

asio::awaitable<std::vector<worker_row>> repository::workers()
{
    check_open();
    std::vector<worker_row> out;
    for (const auto& [id, worker] : workers_)
        out.push_back(worker);
    co_return out;
}

asio::awaitable<job_counts> repository::counts(std::string queue)
{
    const auto& in = open_queue(queue);
    const auto count = [&](job_state state) { return in.jobs_in(state).size(); };
    co_return job_counts{
        .waiting = count(job_state::waiting),
        .delayed = count(job_state::delayed),
        .active = count(job_state::active),
        .waiting_children = count(job_state::waiting_children),
        .completed = count(job_state::completed),
        .failed = count(job_state::failed)
    };
}

asio::awaitable<std::vector<std::size_t>> repository::counts_by_priority(std::string queue, std::vector<int> priorities)
{
    const auto& waiting = open_queue(queue).jobs_in(job_state::waiting);
    std::vector<std::size_t> out;
    for (const auto priority : priorities)
        out.push_back(static_cast<std::size_t>(std::ranges::count(waiting, priority, [](const auto& row) {
            return row.first.first;
        })));
    co_return out;
}

asio::awaitable<std::optional<std::size_t>> repository::position(std::string queue, job_id id)
{
    const auto& in = open_queue(queue);
    const auto* job = in.find(id);
    if (!job || job->record.state != job_state::waiting)
        co_return std::nullopt;
    const auto& waiting = in.jobs_in(job_state::waiting);
    co_return static_cast<std::size_t>(std::distance(waiting.begin(), waiting.find(place_of(job->record))));
}

asio::awaitable<bool> repository::is_paused(std::string queue) { co_return open_queue(queue).limits.paused; }

asio::awaitable<queue_limits> repository::limits(std::string queue) { co_return open_queue(queue).limits; }

asio::awaitable<std::vector<lock_row>> repository::locks()
{
    check_open();
    std::vector<lock_row> rows;
    for (const auto& [name, queue] : queues_) {
        for (const auto& [at, key] : queue.jobs_in(job_state::active)) {
            const auto& job = queue.at(key).record;
            const auto worker = workers_.find(job.worker);
            rows.push_back(
                {.key = key,
                 .token = job.token,
                 .locked_until = *job.locked_until,
                 .lock_duration = job.lock_duration,
                 .process = worker == workers_.end() ? std::nullopt : std::optional{worker->second.process}}
            );
        }
    }
    co_return rows;
}

asio::awaitable<event_log_state> repository::event_log_of(std::string queue, std::string cursor)
{
    co_return open_queue(queue).watched.state(cursor);
}

asio::awaitable<std::vector<logged_event>> repository::events_after(std::string queue, std::uint64_t after, int limit)
{
    co_return open_queue(queue).watched.after(after, limit);
}

asio::awaitable<queue_metrics> repository::metrics(std::string queue, time_point now)
{
    const auto& in = open_queue(queue);
    queue_metrics out{.minutes = in.watched.minutes(now)};
    const auto& waiting = in.jobs_in(job_state::waiting);
    const auto look_at = [&](const auto& row) {
        out.latency = std::max(out.latency, domain::waited(in.at(row.second).record, now));
    };
    auto row = waiting.begin();
    for (int priorities = 0; row != waiting.end() && priorities < domain::most_priorities; ++priorities) {
        look_at(*row);
        row = waiting.lower_bound({row->first.first + 1, std::numeric_limits<std::int64_t>::min()});
        look_at(*std::prev(row));
    }
    co_return out;
}

asio::awaitable<std::vector<std::optional<std::string>>> repository::cancellations(
    std::string queue, std::vector<job_ref> locks
)
{
    const auto& in = open_queue(queue);
    std::vector<std::optional<std::string>> out;
    for (const auto& lock : locks) {
        const auto* job = in.find(lock);
        out.push_back(job && holds_lock(job->record, lock.token) ? job->record.cancelled : std::nullopt);
    }
    co_return out;
}

asio::awaitable<storage_status> repository::tend()
{
    check_open();
    co_return storage_status{};
}

asio::awaitable<bool> repository::changed_elsewhere(std::function<bool()>, milliseconds)
{
    check_open();
    const auto executor = co_await asio::this_coro::executor;
    event never{executor};
    co_await never.wait();
    co_return false;
}

}  // namespace cofila::memory
