#include <algorithm>
#include <utility>

#include "async/wait_until.hpp"
#include "queue/queue_core.hpp"
#include "runtime/attached.hpp"

/// Waiting for the end of a job, wherever it runs.
namespace cofila::detail {

namespace asio = boost::asio;

namespace {

std::string result_or_throw(const job_id& id, job_state state, const std::string& result, const std::string& reason)
{
    if (state == job_state::failed)
        throw error{errc::job_failed, "job '" + id.str() + "' has failed: " + reason};
    return result;
}

}  // namespace

asio::awaitable<std::string> wait_until_finished(queue_ptr queue, job_id id, milliseconds timeout)
{
    queue->check_open();
    const auto& ports = queue->ports;
    const auto until = later(ports->time->steady_now(), timeout);
    attached<queue_core, finish_watch> watch{queue, id, ports->loop};
    for (;;) {
        const auto job = co_await ports->repository->get(queue->name, id);
        if (const auto& told = watch->told)
            co_return result_or_throw(id, told->state, told->result, told->failed_reason);
        if (!job)
            throw error{errc::not_found, "job '" + id.str() + "' does not exist (any more): its end is not known"};
        if (is_finished(job->state))
            co_return result_or_throw(id, job->state, job->result, job->failed_reason);
        const auto now = ports->time->steady_now();
        if (now >= until)
            throw error{errc::timed_out, "job '" + id.str() + "' is " + std::string{to_string(job->state)} + " still"};
        ports->worker_idle.set();
        co_await wait_until(watch->wake, ports->time, std::min(until, later(now, longest_sleep)));
        queue->check_open();
    }
}

}  // namespace cofila::detail
