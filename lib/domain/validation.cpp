#include "domain/validation.hpp"

#include <cofila/error.hpp>

#include <string>
#include <variant>

#include "domain/option_table.hpp"
#include "domain/overloaded.hpp"

namespace cofila::domain {

namespace {

void check(std::string_view field, const std::optional<rate_limit>& rate)
{
    if (!rate)
        return;
    const std::string name{field};
    check_range(name + ".max", rate->max, 1, many);
    check_range(name + ".duration", rate->duration.count(), milliseconds::rep{1}, longest_lock.count());
}

void check(std::string_view field, const std::optional<int>& value, int most)
{
    if (value)
        check_range(field, *value, 1, most);
}

constexpr auto* no_state = "is none of the states";

}  // namespace

void check(const job_options& options)
{
    if (options.id)
        check_name("id", options.id->str());
    for_each_option([&](const auto& row) {
        if (const auto* value = if_set(options.*row.member))
            row.range(row.name, *value);
    });
}

void check(const queue_options& options)
{
    require(!options.defaults.id, "defaults.id", "must not be set: each job has an id of its own");
    check(options.defaults);
    check_retention("on_completed", options.on_completed);
    check_retention("on_failed", options.on_failed);
    require(
        options.size_limit >= 1 && options.size_limit <= 512u << 20, "size_limit", "must be between 1 byte and 512 MiB"
    );
}

void check(const claim_request& request)
{
    check_range("limit", request.limit, 1, 10'000);
    check_range("lock_duration", request.lock_duration.count(), milliseconds::rep{1}, longest_lock.count());
    if (!request.worker_id.empty())
        check_name("worker_id", request.worker_id);
    check_not_negative("wait", request.wait);
}

void check(const page_request& request) { check_range("limit", request.limit, 1, 1000); }

void check(const job_filter& filter) { require(!filter.state.has_unknown(), "state", no_state); }

void check(const clean_request& request)
{
    require(to_string(request.state) != "unknown", "state", no_state);
    require(request.state != job_state::active, "state", "must not be active: its jobs are somebody's");
    check_not_negative("grace", request.grace);
}

void check(const retry_request& request)
{
    require(is_finished(request.state), "state", "must be failed or completed");
}

void check(const job_change& change)
{
    const overloaded checks{
        [](const new_delay& later) { check_not_negative("delay", later.wait); },
        [](const new_priority& other) { check_range("priority", other.priority, 0, max_priority); },
        [](const removal&) {},
        [](const forced_removal&) {},
        [](const promotion&) {},
        [](const retrial&) {},
        [](const cancellation&) {},
    };
    std::visit(checks, change);
}

void check(const queue_setting& setting)
{
    const overloaded checks{
        [](const global_concurrency& all) { check("global_concurrency", all.jobs, many); },
        [](const global_rate& all) { check("rate_limit", all.rate); },
        [](const event_log& log) { check("events", log.events, most_events); },
        [](const metrics_log& log) { check("minutes", log.minutes, most_minutes); },
        [](const group_options& group) {
            check("group.concurrency", group.concurrency, many);
            check("group.rate", group.rate);
            require(!group.keep_order || group.concurrency == 1, "group.keep_order", "needs a group.concurrency of 1");
        },
    };
    std::visit(checks, setting);
}

time_point add_delay(std::string_view field, time_point at, milliseconds wait)
{
    if (wait > milliseconds{} && at > time_point::max() - wait)
        throw error{
            errc::invalid_argument, field, "is too long: " + std::to_string(wait.count()) + " ms from now is no date"
        };
    return at + wait;
}

job_options resolve(const job_options& options, const queue_options& queue)
{
    job_options out = options;
    out.id.reset();
    for_each_option([&](const auto& row) {
        auto& value = out.*row.member;
        if (!if_set(value))
            value = queue.defaults.*row.member;
        if (!if_set(value))
            row.set_default(value, queue);
    });
    return out;
}

}  // namespace cofila::domain
