#include <chrono>
#include <cmath>
#include <limits>

#include "domain/backoff.hpp"
#include "support/extremes.hpp"
#include "support/print.hpp"

using namespace cofila;
using namespace std::chrono_literals;

TEST_SUITE_BEGIN("backoff");

namespace {

constexpr auto infinite = std::numeric_limits<double>::infinity();

backoff with_max(backoff policy, milliseconds max)
{
    policy.max = max;
    return policy;
}

backoff with_jitter(backoff policy, double jitter)
{
    policy.jitter = jitter;
    return policy;
}

}  // namespace

TEST_CASE("the wait before the n-th run")
{
    struct {
        const char* name;
        backoff policy;
        int n;
        milliseconds wait;
    } const cases[] = {
        {"none", backoff::none(), 1, 0ms},
        {"none does not look at a delay", backoff{.type = backoff::kind::none, .delay = 5s}, 3, 0ms},
        {"fixed, first", backoff::fixed(250ms), 1, 250ms},
        {"fixed, any", backoff::fixed(250ms), many, 250ms},
        {"fixed 0", backoff::fixed(0ms), 1, 0ms},
        {"fixed up to max", backoff::fixed(1h), 1, 1h},
        {"fixed above max", backoff::fixed(1h + 1ms), 1, 1h},
        {"exponential, first", backoff::exponential(100ms), 1, 100ms},
        {"exponential, second", backoff::exponential(100ms), 2, 200ms},
        {"exponential, tenth", backoff::exponential(100ms), 10, 51'200ms},
        {"exponential below max", backoff::exponential(100ms), 16, 3'276'800ms},
        {"exponential at max", backoff::exponential(100ms), 17, 1h},
        {"exponential, far past max", backoff::exponential(100ms), many, 1h},
        {"exponential exactly to max", with_max(backoff::exponential(1ms), 1024ms), 11, 1024ms},
        {"exponential one past max", with_max(backoff::exponential(1ms), 1023ms), 11, 1023ms},
        {"exponential from above max", backoff::exponential(2h), 1, 1h},
        {"exponential 0", backoff::exponential(0ms), many, 0ms},
        {"max 0", with_max(backoff::exponential(1s), 0ms), 5, 0ms},
        {"saturates", with_max(backoff::exponential(1ms), longest), many, longest},
        {"saturates at an odd number", with_max(backoff::exponential(3ms), longest), 62, milliseconds{3LL << 61}},
        {"longest there is", with_max(backoff::fixed(longest), longest), 1, longest},
        {"a count before the first", backoff::exponential(100ms), 0, 100ms},
        {"never negative", backoff::fixed(-5ms), 1, 0ms},
        {"never negative, doubled", backoff::exponential(-5ms), 5, 0ms},
    };
    for (const auto& c : cases) {
        INFO(c.name);
        CHECK(domain::next_delay(c.policy, c.n, 0) == c.wait);
        CHECK(domain::next_delay(c.policy, c.n, 1) == c.wait);  // no jitter: the draw plays no part
    }
}

TEST_CASE("jitter shortens the wait by at most its part")
{
    struct {
        const char* name;
        double jitter;
        double draw;
        milliseconds wait;
    } const cases[] = {
        {"none drawn", 0.5, 0, 1000ms},
        {"half drawn", 0.5, 0.5, 750ms},
        {"all drawn", 0.5, 1, 500ms},
        {"full jitter", 1, 1, 0ms},
        {"full jitter, none drawn", 1, 0, 1000ms},
        {"rounded", 0.3333, 1, 667ms},
        {"too small to see", 0.0001, 1, 1000ms},
        {"a draw below 0 counts as 0", 0.5, -3, 1000ms},
        {"a draw above 1 counts as 1", 0.5, 7, 500ms},
        {"an infinite draw counts as 1", 0.5, infinite, 500ms},
        {"jitter above 1 ends at 0", 5, 1, 0ms},
        {"negative jitter does not prolong", -5, 1, 1000ms},
        {"infinite jitter", infinite, 1, 0ms},
        {"jitter that is no number", not_a_number, 1, 1000ms},
        {"a draw that is no number", 0.5, not_a_number, 1000ms},
        {"infinite jitter with nothing drawn", infinite, 0, 1000ms},
    };
    for (const auto& c : cases) {
        INFO(c.name);
        CHECK(domain::next_delay(with_jitter(backoff::fixed(1000ms), c.jitter), 1, c.draw) == c.wait);
    }
}

TEST_CASE("jitter is of the wait that is left under max")
{
    auto policy = with_jitter(with_max(backoff::exponential(1s), 10s), 0.5);
    CHECK(domain::next_delay(policy, 30, 1) == 5s);
}

TEST_CASE("the longest wait with full jitter neither overflows nor ends below 0")
{
    auto policy = with_jitter(with_max(backoff::fixed(longest), longest), 1);
    const auto wait = domain::next_delay(policy, 1, 1);
    CHECK(wait >= 0ms);
    CHECK(wait < longest / 2);
    CHECK(domain::next_delay(policy, 1, 0) == longest);
}

TEST_SUITE_END();
