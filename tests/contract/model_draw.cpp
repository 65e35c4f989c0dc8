#include "contract/model_draw.hpp"

#include <chrono>
#include <cstddef>

#include "domain/transitions.hpp"

namespace cofila::test {

using namespace std::chrono_literals;

job_options some_options(std::uint32_t draw)
{
    job_options out{
        .priority = static_cast<int>(draw % 3),
        .lifo = draw / 3 % 4 == 0,
        .attempts = 1 + static_cast<int>(draw / 12 % 3)
    };
    if (draw / 36 % 3 == 0)
        out.delay = milliseconds{draw % 2500};
    if (draw / 108 % 2 == 0)
        out.backoff =
            backoff{.type = backoff::kind::exponential, .delay = milliseconds{draw % 300}, .max = 400ms, .jitter = 0.5};
    const retention choices[] = {
        retention::keep_all(),
        retention::remove_at_once(),
        retention::keep_for(seconds{draw % 3}),
        retention::keep_last(1)
    };
    out.on_completed = choices[draw / 216 % 4];
    out.on_failed = choices[draw / 864 % 4];
    out.max_stalled_count = static_cast<int>(draw / 3456 % 3);
    out.keep_attempts = static_cast<int>(draw / 10368 % 3);
    out.max_deferrals = static_cast<int>(draw / 31104 % 4);
    if (draw / 124'416 % 3 == 0)
        out.ttl = milliseconds{1 + draw % 3000};
    if (draw / 373'248 % 2 == 0)
        out.tags = {{"k", std::to_string(draw % 2)}};
    if (draw / 746'496 % 2 == 0)
        out.group = "group " + std::to_string(draw / 1'492'992 % 3);
    if (draw / 4'478'976 % 3 == 0)
        out.dedup = deduplication{
            .id = "dedup " + std::to_string(draw / 13'436'928 % 2),
            .how = static_cast<deduplication::mode>(draw / 26'873'856 % 5),
            .ttl = milliseconds{1 + draw % 1500}
        };
    return out;
}

std::string some_name(std::uint32_t draw) { return "task " + std::to_string(draw % 2); }

std::string some_data(std::uint32_t draw)
{
    const std::size_t lengths[] = {1, 20, 498, 499, 700};
    return '"' + std::string(lengths[draw % 5], static_cast<char>('a' + draw / 5 % 26)) + '"';
}

transition some_end(const job_snapshot& job, std::uint32_t draw, time_point now)
{
    switch (draw % 9) {
    case 0:
    case 1:
        return domain::after_success(*job, some_data(draw / 9), now);
    case 2:
        return domain::after_release(*job);
    case 3:
    case 4:
        return domain::after_failure(*job, failure{.message = "boom " + std::to_string(draw)}, now, draw % 100 / 100.0);
    case 5:
        return domain::after_deferral(*job, delay_for{.wait = milliseconds{draw % 3 * 150}}, now);
    case 6:
        return domain::after_deferral(*job, delay_until{.at = now + 500ms - milliseconds{draw % 1000}}, now);
    case 7:
        return domain::after_deferral(*job, rate_limited{.wait = milliseconds{draw % 500}}, now);
    default:
        return domain::after_failure(*job, failure{.message = "bang", .unrecoverable = draw % 18 == 8}, now, 0);
    }
}

job_change some_change_of_many(std::uint32_t draw)
{
    switch (draw % 6) {
    case 0:
        return removal{};
    case 1:
        return forced_removal{};
    case 2:
        return promotion{};
    case 3:
        return retrial{.options = {.keep_attempts = draw / 6 % 2 == 0}};
    default:
        return cancellation{.why = "why " + std::to_string(draw % 100)};
    }
}

job_change some_change(std::uint32_t draw)
{
    const auto rest = draw / 4;
    if (draw % 4 == 0)
        return new_delay{.wait = milliseconds{rest % 4 * 200}};
    if (draw % 4 == 1)
        return new_priority{.priority = static_cast<int>(rest % 4), .lifo = rest / 4 % 2 == 0};
    return some_change_of_many(rest);
}

queue_setting some_setting(std::uint32_t draw)
{
    const auto rest = draw / 8;
    const rate_limit rate{.max = 1 + static_cast<int>(rest % 4), .duration = milliseconds{1 + rest / 4 % 900}};
    const int jobs = 1 + static_cast<int>(rest % 3);
    switch (draw % 8) {
    case 0:
        return global_concurrency{.jobs = jobs};
    case 1:
        return global_rate{.rate = rate};
    case 2:
        return group_options{.concurrency = 1, .keep_order = rest % 2 == 0};
    case 3:
        return group_options{.concurrency = jobs, .rate = rate};
    case 4:
        return global_concurrency{};
    case 5:
        return event_log{.events = rest % 4 == 0 ? std::nullopt : std::optional{10'000}};  // more than a step brings
    case 6:
        return metrics_log{.minutes = rest % 4 == 0 ? std::nullopt : std::optional{jobs}};
    default:
        return rest % 2 == 0 ? queue_setting{global_rate{}} : queue_setting{group_options{}};
    }
}

job_states some_states(std::uint32_t draw)
{
    using enum job_state;
    const job_states choices[] = {
        {completed, failed},
        {waiting, delayed},
        {failed, active, waiting},
        {waiting, delayed, active, completed, failed},
        {delayed, completed},
        {failed, waiting_children, completed, active}
    };
    return choices[draw % 6];
}

job_filter some_filter(std::uint32_t draw, time_point now)
{
    const job_state states[] = {
        job_state::waiting, job_state::delayed, job_state::active, job_state::completed, job_state::failed
    };
    job_filter out{.state = states[draw % 5]};
    if (draw / 5 % 3 == 0)
        out.name = some_name(draw / 15);
    if (draw / 30 % 3 == 0)
        out.tag = tag{.key = "k", .value = std::to_string(draw / 90 % 3)};
    if (draw / 270 % 4 == 0)
        out.since = now - milliseconds{draw % 3000};
    if (draw / 1080 % 4 == 0)
        out.before = now - milliseconds{draw / 7 % 2000};
    return out;
}

}  // namespace cofila::test
