#include <algorithm>
#include <utility>
#include <variant>

#include "application/queue_core.hpp"
#include "application/worker_core.hpp"
#include "domain/transitions.hpp"
#include "domain/validation.hpp"
#include "domain/why.hpp"

/// The administration of a queue: changes of one job and of many.
namespace cofila::detail {

namespace asio = boost::asio;

namespace {

/// Jobs that are changed in one transaction.
constexpr std::size_t chunk = 1000;

std::string_view wanted_state(const job_change& what)
{
    struct names {
        std::string_view operator()(const removal&) const { return "in any state but active"; }
        std::string_view operator()(const forced_removal&) const { return "in any state"; }
        std::string_view operator()(const promotion&) const { return "delayed"; }
        std::string_view operator()(const retrial&) const { return "completed or failed"; }
        std::string_view operator()(const new_delay&) const { return "waiting or delayed"; }
        std::string_view operator()(const new_priority&) const { return "waiting or delayed"; }
        std::string_view operator()(const cancellation&) const { return "not finished"; }
    };
    return std::visit(names{}, what);
}

void require_done(const job_id& id, const change_answer& answer, const job_change& what)
{
    if (!answer.done)
        throw error{
            errc::wrong_state,
            "job '" + id.str() + "' is " + std::string{to_string(answer.was)} + ", but must be " +
                std::string{wanted_state(what)}
        };
}

void announce_moved(queue_core& queue, const job_id& id, job_state was, const job_record& now)
{
    if (now.state == job_state::delayed) {
        queue.hub->emit(&queue_events::delayed, delayed_event{.id = id, .run_at = *now.run_at});
        queue.note_due(*now.run_at);
    } else if (now.state == job_state::waiting) {
        if (was != job_state::waiting)
            queue.hub->emit(&queue_events::waiting, waiting_event{.id = id, .previous = was});
        queue.wake_workers();
    } else if (now.state == job_state::failed) {
        announce_failed(queue, now);
    }
}

void announce_freed(queue_core& queue, const std::vector<job_id>& freed)
{
    for (const auto& id : freed)
        queue.hub->emit(&queue_events::waiting, waiting_event{.id = id, .previous = job_state::delayed});
}

void announce_change(queue_core& queue, const job_id& id, const job_change& what, const change_answer& answer)
{
    if (std::holds_alternative<new_priority>(what))
        return queue.wake_workers();
    const auto* cancelled = std::get_if<cancellation>(&what);
    if (answer.job && answer.job->state == job_state::active)
        // workers in other processes learn of it from the store
        return cancelled ? queue.ask_to_end(id, cancelled->why) : void();
    if (cancelled && !answer.job)
        announce_cancelled(queue, id, domain::cancelled_reason(cancelled->why));
    if (answer.job)
        announce_moved(queue, id, answer.was, *answer.job);
    else
        queue.hub->emit(&queue_events::removed, removed_event{.id = id});
    announce_freed(queue, answer.freed);
    queue.look_again();  // one that was kept for its end may wait now, and calls that wait for its end must return
}

/// Changes jobs page by page, with other work between pages. Returns how many were changed.
template <class Announce>
asio::awaitable<std::size_t> change_all(
    queue_ptr queue,
    job_filter filter,
    job_change what,
    std::optional<std::size_t> limit,
    progress_callback progress,
    Announce announce
)
{
    auto& ports = *queue->ports;
    std::size_t done = 0;
    page_request request;
    do {
        queue->check_open();
        request.limit = static_cast<int>(std::min(chunk, limit.value_or(chunk + done) - done));
        if (request.limit == 0)
            break;
        auto changed =
            co_await ports.repository->change_all(queue->name, filter, request, what, ports.time->wall_now());
        announce(changed.changed);
        announce_freed(*queue, changed.freed);
        done += changed.changed.size();
        request.after = std::move(changed.next);
        if (progress && !changed.changed.empty())
            progress(done);
    } while (!request.after.empty());
    co_return done;
}

asio::awaitable<std::size_t> remove_all(
    queue_ptr queue, job_filter filter, job_change how, std::optional<std::size_t> limit, progress_callback progress
)
{
    return change_all(
        queue,
        std::move(filter),
        std::move(how),
        limit,
        std::move(progress),
        [queue](const std::vector<job_id>& removed) {
            if (removed.empty())
                return;
            queue->hub->emit(&queue_events::cleaned, cleaned_event{.count = removed.size()});
            queue->look_again();
        }
    );
}

asio::awaitable<std::size_t> let_all_wait(
    queue_ptr queue,
    job_state was,
    job_filter filter,
    job_change how,
    std::optional<std::size_t> limit,
    progress_callback progress
)
{
    filter.state = was;
    return change_all(
        queue,
        std::move(filter),
        how,
        limit,
        std::move(progress),
        [queue, was](const std::vector<job_id>& moved) {
            for (const auto& id : moved)
                queue->hub->emit(&queue_events::waiting, waiting_event{.id = id, .previous = was});
            queue->wake_for(moved.size());
        }
    );
}

}  // namespace

asio::awaitable<void> set_paused(queue_ptr queue, bool paused)
{
    queue->check_open();
    const bool changed = co_await queue->ports->repository->set_paused(queue->name, paused);
    if (!changed)
        co_return;
    if (paused) {
        queue->hub->emit(&queue_events::paused, paused_event{});
    } else {
        queue->hub->emit(&queue_events::resumed, resumed_event{});
        queue->wake_workers();
    }
}

asio::awaitable<bool> is_paused(queue_ptr queue)
{
    queue->check_open();
    co_return co_await queue->ports->repository->is_paused(queue->name);
}

asio::awaitable<void> set_limit(queue_ptr queue, queue_setting what)
{
    queue->check_open();
    domain::check(what);
    co_await queue->ports->repository->set_limit(queue->name, what);
    queue->look_again();
}

asio::awaitable<queue_limits> get_limits(queue_ptr queue)
{
    queue->check_open();
    co_return co_await queue->ports->repository->limits(queue->name);
}

asio::awaitable<why_answer> why(queue_ptr queue, job_id id)
{
    queue->check_open();
    const auto now = queue->ports->time->wall_now();
    const auto found = co_await queue->ports->repository->situation(queue->name, id, now);
    if (!found)
        throw error{errc::not_found, "no job '" + id.str() + "' in this queue"};
    co_return domain::explain(*found, now);
}

asio::awaitable<bool> remove(queue_ptr queue, job_id id)
{
    queue->check_open();
    const job_change what = removal{};
    const auto answer =
        co_await queue->ports->repository->change(queue->name, id, what, queue->ports->time->wall_now());
    if (!answer.found)
        co_return false;
    require_done(id, answer, what);
    announce_change(*queue, id, what, answer);
    co_return true;
}

asio::awaitable<job_snapshot> change(queue_ptr queue, job_id id, job_change what)
{
    queue->check_open();
    domain::check(what);
    const auto answer =
        co_await queue->ports->repository->change(queue->name, id, what, queue->ports->time->wall_now());
    if (!answer.found)
        throw error{errc::not_found, "no job '" + id.str() + "' in this queue"};
    require_done(id, answer, what);
    announce_change(*queue, id, what, answer);
    co_return answer.job;
}

asio::awaitable<std::size_t> drain(queue_ptr queue, bool including_delayed, progress_callback progress)
{
    // Delayed jobs first: one that is kept for the end of a waiting job would be freed by its removal.
    std::size_t done = 0;
    if (including_delayed) {
        job_filter delayed{.state = job_state::delayed};
        done = co_await remove_all(queue, std::move(delayed), removal{}, {}, progress);
    }
    job_filter waiting{.state = job_state::waiting};
    done += co_await remove_all(queue, std::move(waiting), removal{}, {}, [progress, done](std::size_t more) {
        if (progress)
            progress(done + more);
    });
    co_return done;
}

asio::awaitable<std::size_t> clean(queue_ptr queue, clean_request request)
{
    domain::check(request);
    const auto now = queue->ports->time->wall_now().time_since_epoch();
    const auto longest = milliseconds::max() + std::min(now, milliseconds{});  // beyond it no date exists
    // To the end of its last millisecond: a grace of 0 means every job of the state.
    const time_point before{now - std::min(request.grace, longest) + milliseconds{1}};
    job_filter filter{.state = request.state, .before = before};
    co_return co_await remove_all(queue, std::move(filter), removal{}, request.limit, std::move(request.progress));
}

asio::awaitable<std::size_t> retry_all(queue_ptr queue, retry_request request)
{
    domain::check(request);
    // A job that fails again meanwhile is left alone.
    const auto before = queue->ports->time->wall_now() + milliseconds{1};
    job_filter filter{.before = before};
    const retrial how{.options = request.options};
    co_return co_await let_all_wait(
        queue, request.state, std::move(filter), how, request.limit, std::move(request.progress)
    );
}

asio::awaitable<std::size_t> promote_all(queue_ptr queue, progress_callback progress)
{
    return let_all_wait(std::move(queue), job_state::delayed, {}, promotion{}, {}, std::move(progress));
}

asio::awaitable<void> obliterate(queue_ptr queue, bool force, progress_callback progress)
{
    queue->check_open();
    auto& ports = *queue->ports;
    const auto counts = co_await ports.repository->counts(queue->name);
    if (counts.active > 0 && !force)
        throw error{
            errc::wrong_state,
            std::to_string(counts.active) + " jobs of queue '" + queue->name +
                "' are active; wait for them, or obliterate with force"
        };
    std::size_t done = 0;
    const auto sum = [&](std::size_t more) {
        if (progress)
            progress(done + more);
    };
    const job_change how = force ? job_change{forced_removal{}} : job_change{removal{}};
    for (const auto state :
         {job_state::delayed, job_state::waiting, job_state::active, job_state::completed, job_state::failed}) {
        job_filter filter{.state = state};
        done += co_await remove_all(queue, std::move(filter), how, {}, sum);
    }
    co_await ports.repository->reset_queue(queue->name);
    queue->look_again();
}

}  // namespace cofila::detail
