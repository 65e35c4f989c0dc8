// Waits, dates and locks out of any numbers at all.
#include "async/wait_until.hpp"
#include "domain/backoff.hpp"
#include "domain/stall_watch.hpp"
#include "domain/validation.hpp"
#include "fuzz/input.hpp"

using namespace cofila;

namespace {

void check_backoff(fuzz::reader& from)
{
    const auto type = static_cast<backoff::kind>(from.take<std::uint8_t>() % 3);
    backoff policy{
        .type = type,
        .delay = milliseconds{from.take<std::int64_t>()},
        .max = milliseconds{from.take<std::int64_t>()},
        .jitter = from.take<double>()
    };
    const auto n = from.take<std::int32_t>();
    const auto draw = from.take<double>();
    if (!fuzz::succeeds_or(errc::invalid_argument, [&] { domain::check(job_options{.backoff = policy}); }))
        return;
    const auto steps = std::max(n, 1);
    const auto wait = domain::next_delay(policy, steps, draw);
    fuzz::require(wait >= milliseconds{} && wait <= policy.max, "a wait is within its bounds");
    policy.jitter = 0;
    fuzz::require(wait <= domain::next_delay(policy, steps, draw), "jitter makes a wait shorter");
    fuzz::require(
        steps == 1 || domain::next_delay(policy, steps - 1, draw) <= domain::next_delay(policy, steps, draw),
        "a later wait is no shorter"
    );
}

void check_dates(fuzz::reader& from)
{
    const time_point now{milliseconds{from.take<std::int64_t>()}};
    const milliseconds wait{from.take<std::int64_t>()};
    const steady_time steady{std::chrono::nanoseconds{from.take<std::int64_t>() & std::int64_t{0x7FFFFFFFFFFFFFFF}}};
    fuzz::require(later(steady, wait) >= steady, "a wait never ends before it begins");
    if (wait >= milliseconds{})
        fuzz::succeeds_or(errc::invalid_argument, [&] {
            fuzz::require(domain::add_delay("delay", now, wait) >= now, "a delay is in the future");
        });
}

/// The ends and durations of locks are read from a file; the clocks are ours.
void check_locks(fuzz::reader& from)
{
    const time_point wall{milliseconds{from.take<std::uint32_t>() * std::int64_t{1000}}};
    steady_time steady{std::chrono::hours{1}};
    domain::stall_watch watch;
    for (int sweeps = 0; sweeps < 3; ++sweeps) {
        std::vector<domain::stall_watch::view> locks;
        for (std::int64_t key = 0; key < 3; ++key) {
            const milliseconds duration{std::min<std::uint64_t>(
                from.take<std::uint64_t>(), static_cast<std::uint64_t>(domain::longest_lock.count())
            )};
            locks.push_back(
                {.lock =
                     {.key = key,
                      .locked_until = time_point{milliseconds{from.take<std::int64_t>()}},
                      .lock_duration = duration}}
            );
        }
        for (const auto& lock : watch.stalled(locks, wall, steady))
            fuzz::require(lock.locked_until <= wall, "a lock that has not ended is not stalled");
        fuzz::require(!watch.next_check() || *watch.next_check() >= steady, "the next look is not in the past");
        steady += milliseconds{from.take<std::uint32_t>()};
    }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    fuzz::reader from{data, size};
    check_backoff(from);
    check_dates(from);
    check_locks(from);
    return 0;
}
