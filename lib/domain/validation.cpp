#include "domain/validation.hpp"

#include <cofila/error.hpp>

#include <algorithm>
#include <limits>
#include <map>
#include <string>
#include <variant>

#include "domain/overloaded.hpp"
#include "domain/text.hpp"

namespace cofila::domain {

namespace {

template <class T>
void check_range(std::string_view field, const std::optional<T>& value, T least, T most)
{
    if (value && (*value < least || *value > most))
        throw error{
            errc::invalid_argument,
            field,
            "must be between " + std::to_string(least) + " and " + std::to_string(most) + ", not " +
                std::to_string(*value)
        };
}

template <class Duration>
void check_not_negative(std::string_view field, const std::optional<Duration>& value)
{
    if (value && *value < Duration{})
        throw error{errc::invalid_argument, field, "must not be negative, but is " + std::to_string(value->count())};
}

void check(const std::optional<backoff>& value)
{
    if (!value)
        return;
    if (value->type == backoff::kind::custom)
        check_name("backoff.name", value->name);
    check_not_negative("backoff.delay", std::optional{value->delay});
    check_not_negative("backoff.max", std::optional{value->max});
    if (!(value->jitter >= 0 && value->jitter <= 1))  // so that NaN is refused too
        throw error{errc::invalid_argument, "backoff.jitter", "must be between 0 and 1"};
}

void check_positive(std::string_view field, const std::optional<milliseconds>& value)
{
    if (value && *value <= milliseconds{})
        throw error{errc::invalid_argument, field, "must be more than 0, but is " + std::to_string(value->count())};
}

void check(const std::map<std::string, std::string>& tags)
{
    if (tags.size() > most_tags)
        throw error{errc::invalid_argument, "tags", "must be at most " + std::to_string(most_tags)};
    for (const auto& [key, value] : tags) {
        check_name("tags", key);
        check_name("tags['" + key + "']", value);
    }
}

void check(const std::optional<deduplication>& dedup)
{
    if (!dedup)
        return;
    check_name("dedup.id", dedup->id);
    if (dedup->how == deduplication::mode::throttle || dedup->how == deduplication::mode::extend)
        check_positive("dedup.ttl", std::optional{dedup->ttl});
}

void check(std::string_view field, const std::optional<rate_limit>& rate)
{
    if (!rate)
        return;
    const std::string name{field};
    check_range(name + ".max", std::optional{rate->max}, 1, std::numeric_limits<int>::max());
    check_range(name + ".duration", std::optional{rate->duration.count()}, milliseconds::rep{1}, longest_lock.count());
}

void check(std::string_view field, const std::optional<int>& concurrency)
{
    check_range(field, concurrency, 1, std::numeric_limits<int>::max());
}

error no_state() { return {errc::invalid_argument, "state", "is none of the states"}; }

void check(job_state state)
{
    if (to_string(state) == "unknown")
        throw no_state();
}

void check(std::string_view field, const std::optional<retention>& value)
{
    if (!value)
        return;
    const std::string name{field};
    // 10'000 years are enough; with more, now + age could overflow.
    check_range(
        name + ".age",
        value->age ? std::optional{value->age->count()} : std::nullopt,
        seconds::rep{0},
        seconds::rep{10'000} * 366 * 24 * 3600
    );
    check_range(name + ".count", value->count, std::size_t{0}, std::size_t{std::numeric_limits<std::int64_t>::max()});
}

template <class T>
void fill(std::optional<T>& value, const std::optional<T>& second, const T& third)
{
    if (!value)
        value = second ? *second : third;
}

}  // namespace

void check_name(std::string_view field, std::string_view text)
{
    if (text.empty() || text.size() > max_name_bytes)
        throw error{
            errc::invalid_argument,
            field,
            "must have 1 to " + std::to_string(max_name_bytes) + " bytes, not " + std::to_string(text.size())
        };
    if (!is_utf8(text))
        throw error{errc::invalid_argument, field, "is not UTF-8"};
    if (has_control_characters(text))
        throw error{errc::invalid_argument, field, "must not have control characters"};
}

void check(const job_options& options)
{
    static constexpr int many = std::numeric_limits<int>::max();
    if (options.id)
        check_name("id", options.id->str());
    check_range("priority", options.priority, 0, max_priority);
    check_not_negative("delay", options.delay);
    check_range("attempts", options.attempts, 1, many);
    check(options.backoff);
    check("on_completed", options.on_completed);
    check("on_failed", options.on_failed);
    check_positive("timeout", options.timeout);
    check_positive("ttl", options.ttl);
    check(options.tags);
    check(options.dedup);
    if (options.group)
        check_name("group", *options.group);
    check_range("max_stalled_count", options.max_stalled_count, 0, many - 1);
    check_range("max_deferrals", options.max_deferrals, 0, many - 1);
    check_range("keep_logs", options.keep_logs, 0, many);
    check_range("keep_attempts", options.keep_attempts, 0, many);
}

void check(const queue_options& options)
{
    if (options.defaults.id)
        throw error{errc::invalid_argument, "defaults.id", "must not be set: each job has an id of its own"};
    check(options.defaults);
    check("on_completed", std::optional{options.on_completed});
    check("on_failed", std::optional{options.on_failed});
    if (options.size_limit < 1 || options.size_limit > 512u << 20)
        throw error{errc::invalid_argument, "size_limit", "must be between 1 byte and 512 MiB"};
}

void check(const claim_request& request)
{
    check_range("limit", std::optional{request.limit}, 1, 10'000);
    check_range(
        "lock_duration", std::optional{request.lock_duration.count()}, milliseconds::rep{1}, longest_lock.count()
    );
    if (!request.worker_id.empty())
        check_name("worker_id", request.worker_id);
    check_not_negative("wait", std::optional{request.wait});
}

void check(const page_request& request) { check_range("limit", std::optional{request.limit}, 1, 1000); }

void check(const job_filter& filter)
{
    if (filter.state.has_unknown())
        throw no_state();
}

void check(const clean_request& request)
{
    check(request.state);
    if (request.state == job_state::active)
        throw error{errc::invalid_argument, "state", "must not be active: its jobs are somebody's"};
    check_not_negative("grace", std::optional{request.grace});
}

void check(const retry_request& request)
{
    if (!is_finished(request.state))
        throw error{errc::invalid_argument, "state", "must be failed or completed"};
}

void check(const job_change& change)
{
    const overloaded checks{
        [](const new_delay& later) { check_not_negative("delay", std::optional{later.wait}); },
        [](const new_priority& other) { check_range("priority", std::optional{other.priority}, 0, max_priority); },
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
        [](const global_concurrency& all) { check("global_concurrency", all.jobs); },
        [](const global_rate& all) { check("rate_limit", all.rate); },
        [](const event_log& log) { check_range("events", log.events, 1, most_events); },
        [](const metrics_log& log) { check_range("minutes", log.minutes, 1, most_minutes); },
        [](const group_options& group) {
            check("group.concurrency", group.concurrency);
            check("group.rate", group.rate);
            if (group.keep_order && group.concurrency != 1)
                throw error{errc::invalid_argument, "group.keep_order", "needs a group.concurrency of 1"};
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
    const auto& defaults = queue.defaults;
    job_options out = options;
    out.id.reset();
    fill(out.priority, defaults.priority, 0);
    fill(out.lifo, defaults.lifo, false);
    fill(out.delay, defaults.delay, milliseconds{});
    fill(out.attempts, defaults.attempts, 1);
    fill(out.backoff, defaults.backoff, backoff::none());
    fill(out.on_completed, defaults.on_completed, queue.on_completed);
    fill(out.on_failed, defaults.on_failed, queue.on_failed);
    if (!out.timeout)
        out.timeout = defaults.timeout;
    if (!out.ttl)
        out.ttl = defaults.ttl;
    if (out.tags.empty())
        out.tags = defaults.tags;
    fill(out.max_stalled_count, defaults.max_stalled_count, 1);
    if (!out.dedup)
        out.dedup = defaults.dedup;
    if (!out.group)
        out.group = defaults.group;
    fill(out.max_deferrals, defaults.max_deferrals, 1000);
    fill(out.keep_logs, defaults.keep_logs, 1000);
    fill(out.keep_attempts, defaults.keep_attempts, 20);
    return out;
}

}  // namespace cofila::domain
