#include <utility>
#include <vector>

#include "error_table.hpp"

namespace cofila::test {

namespace {

using task = asio::awaitable<void>;

error_case request_refused(const char* field, claim_request request)
{
    return {
        "queue::fetch_next_and_lock",
        errc::invalid_argument,
        field,
        [request = std::move(request)](app& a) -> task { (void)co_await open_q(a).fetch_next_and_lock(request); }
    };
}

}  // namespace

std::vector<error_case> manual_errors()
{
    return {
        request_refused("worker_id", {.worker_id = std::string(201, 'w')}),
        request_refused("lock_duration", {.lock_duration = milliseconds::min()}),
        request_refused("lock_duration", {.lock_duration = milliseconds::max()}),
        request_refused("limit", {.limit = least}),
        request_refused("limit", {.limit = most}),
        request_refused("wait", {.wait = milliseconds::min()}),
        {"queue::fetch_next_and_lock",
         errc::closed,
         "",
         [](app& a) -> task {
             auto q = open_q(a);
             task_group tasks{a.executor};
             tasks.spawn(q.close());
             (void)co_await q.fetch_next_and_lock({.wait = milliseconds::max()});
         }},
        {"queue::release",
         errc::lock_lost,
         "",
         [](app& a) -> task {
             auto held = co_await lost_claim(a);
             co_await open_q(a).release(std::move(held));
         }},
        {"queue::complete",
         errc::lock_lost,
         "",
         [](app& a) -> task {
             auto held = co_await lost_claim(a);
             co_await open_q(a).complete(std::move(held), 1);
         }},
        {"queue::complete",
         errc::invalid_argument,
         "result",
         [](app& a) -> task {
             auto held = co_await claimed(a);
             const auto q = a.engine.queue<boost::json::value, raw_json>("q");
             co_await q.complete(std::move(held.claim), raw_json{""});
         }},
        {"queue::complete",
         errc::payload_too_large,
         "",
         [](app& a) -> task {
             auto held = co_await claimed(a);
             const auto q = a.engine.queue<boost::json::value, std::string>("q");
             std::string result(std::size_t{1} << 20, 'x');
             co_await q.complete(std::move(held.claim), std::move(result));
         }},
        {"queue::fail",
         errc::lock_lost,
         "",
         [](app& a) -> task {
             auto held = co_await lost_claim(a);
             co_await open_q(a).fail(std::move(held), {.message = "boom"});
         }},
        {"queue::extend_lock",
         errc::lock_lost,
         "",
         [](app& a) -> task {
             auto held = co_await lost_claim(a);
             co_await open_q(a).extend_lock(std::move(held), 30s);
         }},
        {"queue::extend_lock",
         errc::invalid_argument,
         "lock_duration",
         [](app& a) -> task {
             auto held = co_await claimed(a);
             co_await open_q(a).extend_lock(std::move(held.claim), milliseconds::max());
         }},
    };
}

}  // namespace cofila::test
