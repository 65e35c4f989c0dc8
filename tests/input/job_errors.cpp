#include <boost/describe/class.hpp>

#include "error_table.hpp"

namespace cofila::test {

namespace {

using task = asio::awaitable<void>;

struct point {
    int x = 0;
};
BOOST_DESCRIBE_STRUCT(point, (), (x))

asio::awaitable<job<>> added(app& a)
{
    const auto q = open_q(a);
    auto job = co_await q.add("x", "text", {.id = "a"});
    a.store->prepared();
    co_return job;
}

/// The handle of a job that has been removed meanwhile.
asio::awaitable<job<>> removed(app& a)
{
    auto job = co_await added(a);
    (void)co_await open_q(a).remove("a");
    a.store->prepared();
    co_return job;
}

asio::awaitable<job<>> active_without_lock(app& a)
{
    (void)co_await claimed(a);
    const auto found = co_await open_q(a).get_job("active");
    co_return *found;
}

}  // namespace

std::vector<error_case> job_errors()
{
    return {
        {"job::data",
         errc::payload_undecodable,
         "",
         [](app& a) -> task {
             (void)co_await added(a);
             const auto q = a.engine.queue<point>("q");
             const auto found = co_await q.get_job("a");
             (void)found->data();
         }},
        {"job::result",
         errc::payload_undecodable,
         "",
         [](app& a) -> task {
             auto held = co_await claimed(a);
             co_await open_q(a).complete(std::move(held.claim), "text");
             const auto q = a.engine.queue<boost::json::value, point>("q");
             const auto found = co_await q.get_job("active");
             (void)found->result();
         }},
        {"decode",
         errc::payload_undecodable,
         "",
         [](app&) -> task {
             (void)decode<point>("{\"x\":1e10}");
             co_return;
         }},
        {"job::update_progress",
         errc::payload_too_large,
         "",
         [](app& a) -> task {
             const auto job = co_await added(a);
             boost::json::value progress = boost::json::string(std::size_t{1} << 20, 'x');
             co_await job.update_progress(std::move(progress));
         }},
        {"job::update_progress",
         errc::invalid_argument,
         "progress",
         [](app& a) -> task {
             const auto job = co_await added(a);
             co_await job.update_progress("not UTF-8: \xFF");
         }},
        {"job::update_progress",
         errc::lock_lost,
         "",
         [](app& a) -> task {
             const auto job = co_await active_without_lock(a);
             co_await job.update_progress(1);
         }},
        {"job::log",
         errc::lock_lost,
         "",
         [](app& a) -> task {
             const auto job = co_await active_without_lock(a);
             co_await job.log("line");
         }},
        {"job::update_data",
         errc::payload_too_large,
         "",
         [](app& a) -> task {
             const auto job = co_await added(a);
             boost::json::value data = boost::json::string(std::size_t{1} << 20, 'x');
             co_await job.update_data(std::move(data));
         }},
        {"job::update_data",
         errc::invalid_argument,
         "data",
         [](app& a) -> task {
             const auto job = co_await added(a);
             co_await job.update_data("not UTF-8: \xFF");
         }},
        {"job::update_data",
         errc::lock_lost,
         "",
         [](app& a) -> task {
             const auto job = co_await active_without_lock(a);
             co_await job.update_data(1);
         }},
        {"job::refresh",
         errc::not_found,
         "",
         [](app& a) -> task {
             const auto job = co_await removed(a);
             co_await job.refresh();
         }},
        {"job::wait_until_finished",
         errc::not_found,
         "",
         [](app& a) -> task {
             const auto job = co_await removed(a);
             (void)co_await job.wait_until_finished(1h);
         }},
        {"job::wait_until_finished",
         errc::timed_out,
         "",
         [](app& a) -> task {
             const auto job = co_await added(a);
             (void)co_await job.wait_until_finished(0ms);
         }},
        {"job::wait_until_finished",
         errc::job_failed,
         "",
         [](app& a) -> task {
             const auto job = co_await added(a);
             co_await job.cancel("why");
             (void)co_await job.wait_until_finished(1h);
         }},
        {"job::promote",
         errc::not_found,
         "",
         [](app& a) -> task {
             const auto job = co_await removed(a);
             co_await job.promote();
         }},
        {"job::promote",
         errc::wrong_state,
         "",
         [](app& a) -> task {
             const auto job = co_await added(a);
             co_await job.promote();
         }},
        {"job::retry",
         errc::not_found,
         "",
         [](app& a) -> task {
             const auto job = co_await removed(a);
             co_await job.retry();
         }},
        {"job::retry",
         errc::wrong_state,
         "",
         [](app& a) -> task {
             const auto job = co_await added(a);
             co_await job.retry();
         }},
        {"job::cancel",
         errc::not_found,
         "",
         [](app& a) -> task {
             const auto job = co_await removed(a);
             co_await job.cancel("why");
         }},
        {"job::cancel",
         errc::wrong_state,
         "",
         [](app& a) -> task {
             const auto job = co_await added(a);
             co_await job.cancel("why");
             co_await job.cancel("again");
         }},
        {"job::change_delay",
         errc::not_found,
         "",
         [](app& a) -> task {
             const auto job = co_await removed(a);
             co_await job.change_delay(1s);
         }},
        {"job::change_delay",
         errc::wrong_state,
         "",
         [](app& a) -> task {
             const auto job = co_await active_without_lock(a);
             co_await job.change_delay(1s);
         }},
        {"job::change_delay",
         errc::invalid_argument,
         "delay",
         [](app& a) -> task {
             const auto job = co_await added(a);
             co_await job.change_delay(milliseconds::min());
         }},
        {"job::change_priority",
         errc::not_found,
         "",
         [](app& a) -> task {
             const auto job = co_await removed(a);
             co_await job.change_priority(1);
         }},
        {"job::change_priority",
         errc::wrong_state,
         "",
         [](app& a) -> task {
             const auto job = co_await active_without_lock(a);
             co_await job.change_priority(1);
         }},
        {"job::change_priority",
         errc::invalid_argument,
         "priority",
         [](app& a) -> task {
             const auto job = co_await added(a);
             co_await job.change_priority(-1);
         }},
        {"job::remove",
         errc::not_found,
         "",
         [](app& a) -> task {
             const auto job = co_await removed(a);
             co_await job.remove();
         }},
        {"job::remove",
         errc::wrong_state,
         "",
         [](app& a) -> task {
             const auto job = co_await active_without_lock(a);
             co_await job.remove();
         }},
    };
}

}  // namespace cofila::test
