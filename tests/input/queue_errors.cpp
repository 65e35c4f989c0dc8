#include <limits>
#include <utility>
#include <vector>

#include "error_table.hpp"

namespace cofila::test {

namespace {

using task = asio::awaitable<void>;

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
        refused("backoff.name", {.backoff = backoff::custom("")}),
        refused("timeout", {.timeout = 0ms}),
        refused("timeout", {.timeout = milliseconds::min()}),
        refused("ttl", {.ttl = milliseconds::min()}),
        refused("ttl", {.ttl = milliseconds::max()}),
        refused("dedup.id", {.dedup = deduplication{}}),
        refused("dedup.id", {.dedup = deduplication{.id = "\x1B[2J"}}),
        refused("dedup.ttl", {.dedup = deduplication{.id = "d", .how = deduplication::mode::throttle}}),
        refused(
            "dedup.ttl",
            {.dedup = deduplication{.id = "d", .how = deduplication::mode::extend, .ttl = milliseconds::min()}}
        ),
        refused("group", {.group = ""}),
        refused("group", {.group = "\xFF"}),
        refused("max_deferrals", {.max_deferrals = least}),
        refused("max_deferrals", {.max_deferrals = most}),
        refused("tags", {.tags = {{"", "value"}}}),
        refused("tags['key']", {.tags = {{"key", "\x1B[2J"}}}),
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
        {"queue::get_jobs",
         errc::invalid_argument,
         "state",
         [](app& a) -> task {
             const job_states some{job_state::waiting, static_cast<job_state>(-1)};
             (void)co_await open_q(a).get_jobs({.state = some});
         }},
        {"queue::get_counts_per_priority",
         errc::invalid_argument,
         "priorities",
         [](app& a) -> task { (void)co_await open_q(a).get_counts_per_priority(std::vector<int>(1001)); }},
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

std::vector<error_case> end_errors()
{
    return {
        {"queue::why", errc::not_found, "", [](app& a) -> task { (void)co_await open_q(a).why("nobody"); }},
        {"queue::wait_until_finished",
         errc::not_found,
         "",
         [](app& a) -> task { (void)co_await open_q(a).wait_until_finished("nobody", 1h); }},
        {"queue::wait_until_finished",
         errc::timed_out,
         "",
         [](app& a) -> task {
             (void)co_await claimed(a);
             (void)co_await open_q(a).wait_until_finished("active", milliseconds::min());
         }},
        {"queue::wait_until_finished",
         errc::job_failed,
         "",
         [](app& a) -> task {
             auto held = co_await claimed(a);
             co_await open_q(a).fail(std::move(held.claim), {.message = "boom"});
             (void)co_await open_q(a).wait_until_finished("active", milliseconds::max());
         }},
    };
}

std::vector<error_case> bulk_errors()
{
    return {
        {"queue::clean",
         errc::invalid_argument,
         "state",
         [](app& a) -> task { (void)co_await open_q(a).clean({.state = job_state::active}); }},
        {"queue::clean",
         errc::invalid_argument,
         "state",
         [](app& a) -> task { (void)co_await open_q(a).clean({.state = static_cast<job_state>(77)}); }},
        {"queue::clean",
         errc::invalid_argument,
         "grace",
         [](app& a) -> task { (void)co_await open_q(a).clean({.grace = milliseconds::min()}); }},
        {"queue::retry_all",
         errc::invalid_argument,
         "state",
         [](app& a) -> task { (void)co_await open_q(a).retry_all({.state = job_state::waiting}); }},
        {"queue::obliterate",
         errc::wrong_state,
         "",
         [](app& a) -> task {
             (void)co_await claimed(a);
             co_await open_q(a).obliterate();
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
        {"queue::cancel", errc::not_found, "", [](app& a) -> task { co_await open_q(a).cancel("nobody", "why"); }},
        {"queue::cancel",
         errc::wrong_state,
         "",
         [](app& a) -> task {
             auto held = co_await claimed(a);
             co_await open_q(a).complete(std::move(held.claim), 1);
             co_await open_q(a).cancel("active", "why");
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

}  // namespace

std::vector<error_case> queue_errors()
{
    std::vector<error_case> out;
    for (const auto& part : {add_errors(), reading_errors(), end_errors(), bulk_errors(), change_errors()})
        out.insert(out.end(), part.begin(), part.end());
    return out;
}

}  // namespace cofila::test
