// The operations that only read.
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
#include "memory/pager.hpp"
#include "memory/repository.hpp"

namespace cofila::memory {

namespace asio = boost::asio;

namespace {

/// The jobs of several states, in one order.
stored_queue::order merged(const stored_queue& in, const std::vector<job_state>& states)
{
    stored_queue::order out;
    for (const auto state : states)
        out.insert(in.jobs_in(state).begin(), in.jobs_in(state).end());
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
    pager<job_snapshot> jobs{request, domain::most_examined};
    const auto show = [&](const auto& row) {
        const auto& job = in.at(row.second).record;
        if (domain::none_follow(job, filter, request.newest_first))
            return false;
        if (domain::matches(job, filter))
            jobs.out.items.push_back(snapshot(job));
        return true;
    };
    if (filter.state.empty()) {
        const auto after = request.after.empty() ? std::nullopt : std::optional{id_from(request.after)};
        jobs.add(in.ids(), after, show, [](const auto& row) { return to_cursor(row.first); });
        co_return std::move(jobs.out);
    }
    const auto listings = domain::listings_of(filter.state, request.newest_first);
    auto next = listings.begin();
    std::optional<place> after;
    if (!request.after.empty()) {
        next = std::ranges::find(listings, request.after.front(), &domain::listing::letter);
        after = place_from(next == listings.end() ? ' ' : next->letter, request.after);
    }
    const auto cursor = [&](const auto& row) { return to_cursor(next->letter, row.first); };
    bool more = true;
    for (; more && next != listings.end(); ++next, after.reset())
        more = next->of.size() == 1 ? jobs.add(in.jobs_in(next->of.front()), after, show, cursor)
                                    : jobs.add(merged(in, next->of), after, show, cursor);
    co_return std::move(jobs.out);
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
    pager<log_line> lines{request};
    const auto after = request.after.empty() ? std::nullopt : std::optional{log_number_from(request.after)};
    const auto show = [&](const auto& row) {
        lines.out.items.push_back(row.second);
        return true;
    };
    lines.add(job->logs, after, show, [](const auto& row) { return to_cursor(row.first); });
    co_return std::move(lines.out);
}

asio::awaitable<page<queue_info>> repository::queues(page_request request)
{
    check_open();
    pager<queue_info> found{request};
    const auto after = request.after.empty() ? std::nullopt : std::optional{queue_from(request.after)};
    const auto show = [&](const auto& row) {
        if (row.second.is_there())
            found.out.items.push_back({.name = row.first, .settings = row.second.settings});
        return true;
    };
    found.add(queues_, after, show, [](const auto& row) { return to_queue_cursor(row.first); });
    co_return std::move(found.out);
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

asio::awaitable<bool> repository::is_paused(std::string queue) { co_return open_queue(queue).settings.paused; }

asio::awaitable<queue_settings> repository::settings(std::string queue) { co_return open_queue(queue).settings; }

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

asio::awaitable<queue_metrics> repository::metrics(std::string queue, time_point now, metrics_range range)
{
    const auto& in = open_queue(queue);
    queue_metrics out{.minutes = in.watched.minutes(now, range)};
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

asio::awaitable<std::vector<std::optional<std::string>>> repository::cancellations(std::vector<job_ref> locks)
{
    check_open();
    std::vector<std::optional<std::string>> out;
    for (const auto& lock : locks) {
        const auto* job = open_queue(lock.queue).find(lock);
        out.push_back(job && holds_lock(job->record, lock.token) ? job->record.cancelled : std::nullopt);
    }
    co_return out;
}

asio::awaitable<storage_status> repository::tend()
{
    check_open();
    co_return storage_status{};
}

asio::awaitable<change_news> repository::changed_elsewhere(std::function<change_interest()>, milliseconds)
{
    check_open();
    const auto executor = co_await asio::this_coro::executor;
    event never{executor};
    co_await never.wait();
    co_return change_news{};
}

}  // namespace cofila::memory
