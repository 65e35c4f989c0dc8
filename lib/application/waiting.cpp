#include <algorithm>
#include <utility>

#include "application/queue_core.hpp"
#include "async/wait_until.hpp"

/// Waiting for the end of a job, wherever it runs.
namespace cofila::detail {

namespace asio = boost::asio;

namespace {

/// Whatever tells of changes elsewhere may fail.
constexpr milliseconds longest_sleep{5000};

/// Attached before the first look, so that nothing can happen between them.
class attached_watch {
public:
    attached_watch(queue_ptr queue, job_id id)
        : queue_{std::move(queue)},
          watch_{std::make_unique<finish_watch>(std::move(id), queue_->ports->executor)}
    {
        queue_->attach(*watch_);
    }
    attached_watch(const attached_watch&) = delete;
    attached_watch& operator=(const attached_watch&) = delete;
    ~attached_watch() { queue_->detach(*watch_); }

    finish_watch& operator*() const { return *watch_; }

private:
    const queue_ptr queue_;
    const std::unique_ptr<finish_watch> watch_;
};

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
    const attached_watch watch{queue, id};
    for (;;) {
        const auto job = co_await ports->repository->get(queue->name, id);
        if (const auto& told = (*watch).told)
            co_return result_or_throw(id, told->to, told->result, told->failed_reason);
        if (!job)
            throw error{errc::not_found, "job '" + id.str() + "' does not exist (any more): its end is not known"};
        if (is_finished(job->state))
            co_return result_or_throw(id, job->state, job->result, job->failed_reason);
        const auto now = ports->time->steady_now();
        if (now >= until)
            throw error{errc::timed_out, "job '" + id.str() + "' is " + std::string{to_string(job->state)} + " still"};
        ports->worker_idle.set();
        co_await wait_until((*watch).wake, ports->time, std::min(until, later(now, longest_sleep)));
        queue->check_open();
    }
}

}  // namespace cofila::detail
