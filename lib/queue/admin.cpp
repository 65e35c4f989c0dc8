#include <algorithm>
#include <utility>
#include <variant>

#include "domain/validation.hpp"
#include "domain/why.hpp"
#include "queue/queue_core.hpp"

/// The administration of a queue: changes of one job and of many.
namespace cofila::detail {

namespace asio = boost::asio;

namespace {

/// Jobs that are changed in one transaction.
constexpr std::size_t chunk = 1000;

std::string_view wanted_state(const job_change& change)
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
    return std::visit(names{}, change);
}

error no_such_job(const job_id& id) { return {errc::not_found, "no job '" + id.str() + "' in this queue"}; }

/// Throws if the job is not there, or its state does not allow the change.
void require_done(const job_id& id, const change_answer& answer, const job_change& change)
{
    if (!answer.found())
        throw no_such_job(id);
    if (!answer.done())
        throw error{
            errc::wrong_state,
            "job '" + id.str() + "' is " + std::string{to_string(*answer.was)} + ", but must be " +
                std::string{wanted_state(change)}
        };
}

asio::awaitable<change_answer> change_and_tell(queue_ptr queue, job_id id, job_change what)
{
    queue->check_open();
    auto& ports = *queue->ports;
    auto answer =
        co_await ports.repository->change(queue->name, std::move(id), std::move(what), ports.time->wall_now());
    announce(*queue, answer.news);
    co_return answer;
}

/// Changes jobs page by page, with other work between pages. Returns how many were changed.
asio::awaitable<std::size_t> change_all(
    queue_ptr queue, job_filter filter, job_change change, std::optional<std::size_t> limit, progress_callback progress
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
        auto page = co_await ports.repository->change_all(queue->name, filter, request, change, ports.time->wall_now());
        announce(*queue, page.news);
        done += page.changed;
        request.after = std::move(page.next);
        if (progress && page.changed > 0)
            progress(done);
    } while (!request.after.empty());
    co_return done;
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

asio::awaitable<void> set(queue_ptr queue, queue_setting setting)
{
    queue->check_open();
    domain::check(setting);
    co_await queue->ports->repository->set(queue->name, setting);
    queue->look_again();
}

asio::awaitable<queue_settings> get_settings(queue_ptr queue)
{
    queue->check_open();
    co_return co_await queue->ports->repository->settings(queue->name);
}

asio::awaitable<why_answer> why(queue_ptr queue, job_id id)
{
    queue->check_open();
    const auto now = queue->ports->time->wall_now();
    const auto found = co_await queue->ports->repository->situation(queue->name, id, now);
    if (!found)
        throw no_such_job(id);
    co_return domain::explain(*found, now);
}

asio::awaitable<bool> remove(queue_ptr queue, job_id id)
{
    const job_change change = removal{};
    const auto answer = co_await change_and_tell(queue, id, change);
    if (answer.found())
        require_done(id, answer, change);
    co_return answer.found();
}

asio::awaitable<job_snapshot> change(queue_ptr queue, job_id id, job_change change)
{
    queue->check_open();
    domain::check(change);
    auto answer = co_await change_and_tell(queue, id, change);
    require_done(id, answer, change);
    co_return std::move(answer.job);
}

asio::awaitable<std::size_t> drain(queue_ptr queue, bool including_delayed, progress_callback progress)
{
    // Delayed jobs first: one that is kept for the end of a waiting job would be freed by its removal.
    std::size_t done = 0;
    if (including_delayed) {
        job_filter delayed{.state = job_state::delayed};
        done = co_await change_all(queue, std::move(delayed), removal{}, {}, progress);
    }
    job_filter waiting{.state = job_state::waiting};
    done += co_await change_all(queue, std::move(waiting), removal{}, {}, [progress, done](std::size_t more) {
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
    co_return co_await change_all(queue, std::move(filter), removal{}, request.limit, std::move(request.progress));
}

asio::awaitable<std::size_t> retry_all(queue_ptr queue, retry_request request)
{
    domain::check(request);
    // A job that fails again meanwhile is left alone.
    const auto before = queue->ports->time->wall_now() + milliseconds{1};
    job_filter filter{.state = request.state, .before = before};
    const retrial how{.options = request.options};
    co_return co_await change_all(queue, std::move(filter), how, request.limit, std::move(request.progress));
}

asio::awaitable<std::size_t> promote_all(queue_ptr queue, progress_callback progress)
{
    job_filter delayed{.state = job_state::delayed};
    return change_all(std::move(queue), std::move(delayed), promotion{}, {}, std::move(progress));
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
        done += co_await change_all(queue, std::move(filter), how, {}, sum);
    }
    co_await ports.repository->reset_queue(queue->name);
    queue->look_again();
}

}  // namespace cofila::detail
