#include "error_table.hpp"

namespace cofila::test {

namespace {

using task = asio::awaitable<void>;
using queue_call = task (*)(queue<>);
using job_call = task (*)(job<>);

task close_queue(app& a) { co_await open_q(a).close(); }
task close_engine(app& a) { co_await a.engine.close(); }

/// A call of a queue, when it or the engine has been closed.
void add_cases(std::vector<error_case>& to, const char* function, queue_call what)
{
    for (auto* const close : {close_queue, close_engine})
        to.push_back({function, errc::closed, "", [what, close](app& a) -> task {
                          auto q = open_q(a);
                          co_await close(a);
                          co_await what(std::move(q));
                      }});
}

/// A call of a job of such a queue.
void add_cases(std::vector<error_case>& to, const char* function, job_call what)
{
    for (auto* const close : {close_queue, close_engine})
        to.push_back({function, errc::closed, "", [what, close](app& a) -> task {
                          const auto q = open_q(a);
                          job<> kept = co_await q.add("x", 1, {.id = "a"});
                          co_await close(a);
                          co_await what(std::move(kept));
                      }});
}

std::vector<error_case> closed_queue_errors()
{
    std::vector<error_case> out;
    const auto closed = [&](const char* function, queue_call what) { add_cases(out, function, what); };
    closed("queue::add", [](queue<> q) -> task { (void)co_await q.add("x", 1); });
    closed("queue::add_bulk", [](queue<> q) -> task { (void)co_await q.add_bulk({}); });
    closed("queue::get_job", [](queue<> q) -> task { (void)co_await q.get_job("a"); });
    closed("queue::get_jobs", [](queue<> q) -> task { (void)co_await q.get_jobs(); });
    closed("queue::get_job_counts", [](queue<> q) -> task { (void)co_await q.get_job_counts(); });
    closed("queue::get_job_logs", [](queue<> q) -> task { (void)co_await q.get_job_logs("a"); });
    closed("queue::pause", [](queue<> q) -> task { co_await q.pause(); });
    closed("queue::resume", [](queue<> q) -> task { co_await q.resume(); });
    closed("queue::is_paused", [](queue<> q) -> task { (void)co_await q.is_paused(); });
    closed("queue::remove", [](queue<> q) -> task { (void)co_await q.remove("a"); });
    closed("queue::retry", [](queue<> q) -> task { co_await q.retry("a"); });
    closed("queue::promote", [](queue<> q) -> task { co_await q.promote("a"); });
    closed("queue::fetch_next_and_lock", [](queue<> q) -> task { (void)co_await q.fetch_next_and_lock({}); });
    closed("queue::complete", [](queue<> q) -> task { co_await q.complete({}, 1); });
    closed("queue::fail", [](queue<> q) -> task { co_await q.fail({}, {}); });
    closed("queue::extend_lock", [](queue<> q) -> task { co_await q.extend_lock({}, 30s); });
    closed("queue::cancel", [](queue<> q) -> task { co_await q.cancel("a", "why"); });
    closed("queue::drain", [](queue<> q) -> task { (void)co_await q.drain(true); });
    closed("queue::clean", [](queue<> q) -> task { (void)co_await q.clean({}); });
    closed("queue::retry_all", [](queue<> q) -> task { (void)co_await q.retry_all(); });
    closed("queue::promote_all", [](queue<> q) -> task { (void)co_await q.promote_all(); });
    closed("queue::obliterate", [](queue<> q) -> task { co_await q.obliterate(true); });
    closed("queue::get_counts_per_priority", [](queue<> q) -> task { (void)co_await q.get_counts_per_priority({0}); });
    closed("queue::get_position", [](queue<> q) -> task { (void)co_await q.get_position("a"); });
    closed("queue::set_global_concurrency", [](queue<> q) -> task { co_await q.set_global_concurrency(1); });
    closed("queue::set_rate_limit", [](queue<> q) -> task { co_await q.set_rate_limit(rate_limit{}); });
    closed("queue::get_metrics", [](queue<> q) -> task { (void)co_await q.get_metrics(); });
    closed("queue_view::add", [](queue<> q) -> task { (void)co_await queue_view{q}.add("x", "1"); });
    closed("queue::set_group", [](queue<> q) -> task { co_await q.set_group({}); });
    closed("queue::get_settings", [](queue<> q) -> task { (void)co_await q.get_settings(); });
    closed("queue::why", [](queue<> q) -> task { (void)co_await q.why("a"); });
    closed("queue::wait_until_finished", [](queue<> q) -> task { (void)co_await q.wait_until_finished("a", 1s); });
    closed("queue::release", [](queue<> q) -> task { co_await q.release({}); });
    closed("queue::start_maintenance", [](queue<> q) -> task {
        q.start_maintenance();
        co_return;
    });
    return out;
}

std::vector<error_case> closed_job_errors()
{
    std::vector<error_case> out;
    const auto closed = [&](const char* function, job_call what) { add_cases(out, function, what); };
    closed("job::update_progress", [](job<> j) -> task { co_await j.update_progress(1); });
    closed("job::log", [](job<> j) -> task { co_await j.log("line"); });
    closed("job::update_data", [](job<> j) -> task { co_await j.update_data(1); });
    closed("job::cancel", [](job<> j) -> task { co_await j.cancel("why"); });
    closed("job::change_delay", [](job<> j) -> task { co_await j.change_delay(1s); });
    closed("job::change_priority", [](job<> j) -> task { co_await j.change_priority(1); });
    closed("job::wait_until_finished", [](job<> j) -> task { (void)co_await j.wait_until_finished(1s); });
    closed("job::refresh", [](job<> j) -> task { co_await j.refresh(); });
    closed("job::promote", [](job<> j) -> task { co_await j.promote(); });
    closed("job::retry", [](job<> j) -> task { co_await j.retry(); });
    closed("job::remove", [](job<> j) -> task { co_await j.remove(); });
    return out;
}

}  // namespace

std::vector<error_case> closed_errors()
{
    auto out = closed_queue_errors();
    for (auto& more : closed_job_errors())
        out.push_back(std::move(more));
    return out;
}

}  // namespace cofila::test
