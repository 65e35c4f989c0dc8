#include <limits>

#include "error_table.hpp"

namespace cofila::test {

namespace {

using task = asio::awaitable<void>;
constexpr int least = std::numeric_limits<int>::min();
constexpr int most = std::numeric_limits<int>::max();

/// `add` of one job with these options.
error_case refused(const char* field, job_options options)
{
    return {"queue::add", errc::invalid_argument, field, [options = std::move(options)](app& a) -> task {
                (void)co_await open_q(a).add("x", 1, options);
            }};
}

std::vector<error_case> add_errors()
{
    return {
        {"queue::add", errc::invalid_argument, "name", [](app& a) -> task { (void)co_await open_q(a).add("", 1); }},
        {"queue::add",
         errc::invalid_argument,
         "data",
         [](app& a) -> task {
             const auto q = a.engine.queue<raw_json>("q");
             (void)co_await q.add("x", raw_json{"{"});
         }},
        {"queue::add",
         errc::payload_too_large,
         "",
         [](app& a) -> task {
             const auto q = a.engine.queue<raw_json>("q", {.size_limit = 4});
             (void)co_await q.add("x", raw_json{"12345"});
         }},
        refused("id", {.id = ""}),
        refused("priority", {.priority = least}),
        refused("priority", {.priority = most}),
        refused("delay", {.delay = milliseconds::min()}),
        refused("delay", {.delay = milliseconds::max()}),
        refused("attempts", {.attempts = least}),
        refused("backoff.delay", {.backoff = backoff::fixed(milliseconds::min())}),
        refused("backoff.max", {.backoff = backoff{.max = milliseconds::min()}}),
        refused("backoff.jitter", {.backoff = backoff{.jitter = std::numeric_limits<double>::infinity()}}),
        refused("on_completed.age", {.on_completed = retention::keep_for(seconds::min())}),
        refused("on_completed.age", {.on_completed = retention::keep_for(seconds::max())}),
        refused("on_failed.age", {.on_failed = retention::keep_for(seconds::min())}),
        refused("on_failed.count", {.on_failed = retention::keep_last(std::numeric_limits<std::size_t>::max())}),
        refused("max_stalled_count", {.max_stalled_count = least}),
        refused("max_stalled_count", {.max_stalled_count = most}),
        refused("keep_logs", {.keep_logs = least}),
        refused("keep_attempts", {.keep_attempts = least}),
        {"queue::add_bulk",
         errc::invalid_argument,
         "[1].priority",
         [](app& a) -> task {
             std::vector<job_spec<boost::json::value>> specs{
                 {.name = "x", .data = 1}, {.name = "x", .data = 1, .options = {.priority = least}}
             };
             (void)co_await open_q(a).add_bulk(std::move(specs));
         }},
        {"queue::add_bulk",
         errc::payload_too_large,
         "",
         [](app& a) -> task {
             const auto q = a.engine.queue<raw_json>("q", {.size_limit = 4});
             std::vector<job_spec<raw_json>> specs{{.name = "x", .data = {"12345"}}};
             (void)co_await q.add_bulk(std::move(specs));
         }},
    };
}

std::vector<error_case> reading_errors()
{
    return {
        {"queue::get_jobs",
         errc::invalid_argument,
         "limit",
         [](app& a) -> task { (void)co_await open_q(a).get_jobs({}, {.limit = least}); }},
        {"queue::get_jobs",
         errc::invalid_argument,
         "limit",
         [](app& a) -> task { (void)co_await open_q(a).get_jobs({}, {.limit = most}); }},
        {"queue::get_jobs",
         errc::invalid_argument,
         "after",
         [](app& a) -> task { (void)co_await open_q(a).get_jobs({}, {.after = "of another program"}); }},
        {"queue::get_jobs",
         errc::invalid_argument,
         "state",
         [](app& a) -> task { (void)co_await open_q(a).get_jobs({.state = static_cast<job_state>(77)}); }},
        {"queue::get_job_logs",
         errc::invalid_argument,
         "limit",
         [](app& a) -> task { (void)co_await open_q(a).get_job_logs("a", {.limit = 0}); }},
        {"queue::get_job_logs",
         errc::invalid_argument,
         "after",
         [](app& a) -> task {
             (void)co_await open_q(a).add("x", 1, {.id = "a"});
             a.store->prepared();
             (void)co_await open_q(a).get_job_logs("a", {.after = "l99999999999999999999"});
         }},
    };
}

std::vector<error_case> change_errors()
{
    return {
        {"queue::remove",
         errc::wrong_state,
         "",
         [](app& a) -> task {
             (void)co_await claimed(a);
             (void)co_await open_q(a).remove("active");
         }},
        {"queue::retry", errc::not_found, "", [](app& a) -> task { co_await open_q(a).retry("nobody"); }},
        {"queue::retry",
         errc::wrong_state,
         "",
         [](app& a) -> task {
             (void)co_await claimed(a);
             co_await open_q(a).retry("active");
         }},
        {"queue::promote", errc::not_found, "", [](app& a) -> task { co_await open_q(a).promote("nobody"); }},
        {"queue::promote",
         errc::wrong_state,
         "",
         [](app& a) -> task {
             (void)co_await claimed(a);
             co_await open_q(a).promote("active");
         }},
    };
}

error_case request_refused(const char* field, claim_request request)
{
    return {
        "queue::fetch_next_and_lock",
        errc::invalid_argument,
        field,
        [request = std::move(request)](app& a) -> task { (void)co_await open_q(a).fetch_next_and_lock(request); }
    };
}

std::vector<error_case> manual_errors()
{
    return {
        request_refused("worker_id", {.worker_id = std::string(201, 'w')}),
        request_refused("lock_duration", {.lock_duration = milliseconds::min()}),
        request_refused("lock_duration", {.lock_duration = milliseconds::max()}),
        request_refused("limit", {.limit = least}),
        request_refused("limit", {.limit = most}),
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

}  // namespace

std::vector<error_case> queue_errors()
{
    std::vector<error_case> out;
    for (const auto& part : {add_errors(), reading_errors(), change_errors(), manual_errors()})
        out.insert(out.end(), part.begin(), part.end());
    return out;
}

}  // namespace cofila::test
