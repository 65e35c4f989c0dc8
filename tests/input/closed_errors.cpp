#include "error_table.hpp"

namespace cofila::test {

namespace {

using task = asio::awaitable<void>;
using call = task (*)(queue<>);

/// A call of a queue that has been closed.
error_case closed(const char* function, call what)
{
    return {function, errc::closed, "", [what](app& a) -> task {
                auto q = open_q(a);
                co_await q.close();
                co_await what(std::move(q));
            }};
}

}  // namespace

std::vector<error_case> closed_errors()
{
    return {
        closed("queue::add", [](queue<> q) -> task { (void)co_await q.add("x", 1); }),
        closed("queue::add_bulk", [](queue<> q) -> task { (void)co_await q.add_bulk({}); }),
        closed("queue::get_job", [](queue<> q) -> task { (void)co_await q.get_job("a"); }),
        closed("queue::get_jobs", [](queue<> q) -> task { (void)co_await q.get_jobs(); }),
        closed("queue::get_job_counts", [](queue<> q) -> task { (void)co_await q.get_job_counts(); }),
        closed("queue::get_job_logs", [](queue<> q) -> task { (void)co_await q.get_job_logs("a"); }),
        closed("queue::pause", [](queue<> q) -> task { co_await q.pause(); }),
        closed("queue::resume", [](queue<> q) -> task { co_await q.resume(); }),
        closed("queue::is_paused", [](queue<> q) -> task { (void)co_await q.is_paused(); }),
        closed("queue::remove", [](queue<> q) -> task { (void)co_await q.remove("a"); }),
        closed("queue::retry", [](queue<> q) -> task { co_await q.retry("a"); }),
        closed("queue::promote", [](queue<> q) -> task { co_await q.promote("a"); }),
        closed("queue::fetch_next_and_lock", [](queue<> q) -> task { (void)co_await q.fetch_next_and_lock({}); }),
        closed("queue::complete", [](queue<> q) -> task { co_await q.complete({}, 1); }),
        closed("queue::fail", [](queue<> q) -> task { co_await q.fail({}, {}); }),
        closed("queue::extend_lock", [](queue<> q) -> task { co_await q.extend_lock({}, 30s); }),
        closed(
            "queue::start_maintenance",
            [](queue<> q) -> task {
                q.start_maintenance();
                co_return;
            }
        ),
    };
}

}  // namespace cofila::test
