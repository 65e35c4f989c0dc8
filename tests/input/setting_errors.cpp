#include <variant>
#include <vector>

#include "domain/overloaded.hpp"
#include "error_table.hpp"

namespace cofila::test {

namespace {

using task = asio::awaitable<void>;

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

}  // namespace

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

}  // namespace cofila::test
