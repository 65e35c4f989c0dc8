#include <limits>
#include <utility>
#include <variant>
#include <vector>

#include "domain/overloaded.hpp"
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

task set(queue<> to, queue_setting setting)
{
    const domain::overloaded call{
        [&](const global_concurrency& all) { return to.set_global_concurrency(all.jobs); },
        [&](const global_rate& all) { return to.set_rate_limit(all.rate); },
        [&](const group_options& each) { return to.set_group(each); },
        [&](const event_log& log) { return to.set_event_log(log.events); },
        [&](const metrics_log& log) { return to.set_metrics(log.minutes); },
    };
    co_await std::visit(call, setting);
}

error_case bad_setting(const char* function, const char* field, queue_setting setting)
{
    return {function, errc::invalid_argument, field, [setting](app& a) { return set(open_q(a), setting); }};
}

std::vector<error_case> setting_errors()
{
    const auto rate = [](int max, milliseconds duration) { return rate_limit{.max = max, .duration = duration}; };
    return {
        bad_setting("queue::set_global_concurrency", "global_concurrency", global_concurrency{.jobs = least}),
        bad_setting("queue::set_rate_limit", "rate_limit.max", global_rate{.rate = rate(least, 1s)}),
        bad_setting("queue::set_rate_limit", "rate_limit.duration", global_rate{.rate = rate(1, milliseconds::max())}),
        bad_setting("queue::set_group", "group.concurrency", group_options{.concurrency = least}),
        bad_setting("queue::set_group", "group.rate.max", group_options{.rate = rate(0, 1s)}),
        bad_setting("queue::set_group", "group.rate.duration", group_options{.rate = rate(1, milliseconds::min())}),
        bad_setting("queue::set_group", "group.keep_order", group_options{.concurrency = most, .keep_order = true}),
        bad_setting("queue::set_event_log", "events", event_log{.events = least}),
        bad_setting("queue::set_metrics", "minutes", metrics_log{.minutes = most}),
        {"queue::stream",
         errc::invalid_argument,
         "name",
         [](app& a) -> task {
             (void)open_q(a).stream({.name = "a\nb"});
             co_return;
         }},
        {"queue::remove_cursor",
         errc::invalid_argument,
         "name",
         [](app& a) -> task { co_await open_q(a).remove_cursor({}); }},
        {"event_stream::next", errc::wrong_state, "", [](app& a) -> task { (void)co_await open_q(a).stream().next(); }},
        {"event_stream::open",
         errc::invalid_argument,
         "after",
         [](app& a) -> task {
             auto q = open_q(a);
             co_await q.set_event_log(1);
             a.store->prepared();
             co_await q.stream({.after = std::numeric_limits<std::uint64_t>::max()}).open();
         }},
        {"event_stream::save",
         errc::invalid_argument,
         "name",
         [](app& a) -> task { co_await open_q(a).stream().save(); }},
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

}  // namespace

std::vector<error_case> queue_errors()
{
    std::vector<error_case> out;
    for (const auto& part :
         {add_errors(),
          reading_errors(),
          setting_errors(),
          end_errors(),
          bulk_errors(),
          change_errors(),
          manual_errors()})
        out.insert(out.end(), part.begin(), part.end());
    return out;
}

}  // namespace cofila::test
