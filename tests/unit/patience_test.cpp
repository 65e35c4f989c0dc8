#include <doctest/doctest.h>

#include <limits>

#include "domain/jitter.hpp"
#include "domain/patience.hpp"

using namespace cofila;
using namespace std::chrono_literals;

TEST_SUITE_BEGIN("patience");

TEST_CASE("a process that waits for a busy file tries less and less often, but every 12 ms at least among a few")
{
    for (const int processes : {-1, 0, 1, 16}) {
        CHECK(domain::pause_for_busy(0us, processes, 0.5) == 50us);
        CHECK(domain::pause_for_busy(400us, processes, 0.5) == 50us);
        CHECK(domain::pause_for_busy(8ms, processes, 0.5) == 1ms);
        CHECK(domain::pause_for_busy(64ms, processes, 0.5) == 8ms);
        CHECK(domain::pause_for_busy(1h, processes, 0.5) == 8ms);
        CHECK(domain::pause_for_busy(8ms, processes, 0) == 500us);
        CHECK(domain::pause_for_busy(1h, processes, 0.999) < 12ms);
    }
}

TEST_CASE("many processes that wait for a busy file together try about as often as a few")
{
    CHECK(domain::pause_for_busy(8ms, 200, 0.5) == 1ms);
    CHECK(domain::pause_for_busy(1h, 50, 0.5) == 25ms);
    CHECK(domain::pause_for_busy(1h, 200, 0.5) == 100ms);
    CHECK(domain::pause_for_busy(1h, std::numeric_limits<int>::max(), 0.5) == 100ms);
}

TEST_CASE("who has just taken a job looks at once, and who finds nothing leaves others more and more time")
{
    CHECK(domain::pause_before_look(0, 200, 0.5) == 0us);
    CHECK(domain::pause_before_look(1, 200, 0.5) == 500us);
    CHECK(domain::pause_before_look(2, 200, 0.5) == 1ms);
    CHECK(domain::pause_before_look(5, 200, 0.5) == 8ms);
    CHECK(domain::pause_before_look(1000, 200, 0.5) == 400ms);
    CHECK(domain::pause_before_look(1000, 200, 0) == 0us);
}

TEST_CASE("the fewer processes there are, the sooner each of them looks")
{
    CHECK(domain::pause_before_look(1000, 0, 0.5) == 2ms);
    CHECK(domain::pause_before_look(1000, 1, 0.5) == 2ms);
    CHECK(domain::pause_before_look(1000, 10, 0.5) == 20ms);
    CHECK(domain::pause_before_look(1000, 1'000'000, 0.5) == 500ms);
}

TEST_CASE("a server that may be starting is tried at once, and then less and less often")
{
    CHECK(domain::pause_before_connecting(0) == 0ms);
    CHECK(domain::pause_before_connecting(1) == 50ms);
    CHECK(domain::pause_before_connecting(2) == 100ms);
    CHECK(domain::pause_before_connecting(6) == 1600ms);
    CHECK(domain::pause_before_connecting(7) == 2000ms);
    CHECK(domain::pause_before_connecting(1'000'000) == 2000ms);
}

TEST_CASE("what is drawn repeats itself for the same seed only, and is spread evenly")
{
    domain::jitter one{1};
    domain::jitter same{1};
    domain::jitter other{2};
    double sum = 0;
    int alike = 0;
    for (int i = 0; i < 1000; ++i) {
        const auto drawn = one.draw();
        CHECK(drawn == same.draw());
        CHECK((drawn >= 0 && drawn < 1));
        alike += drawn == other.draw() ? 1 : 0;
        sum += drawn;
    }
    CHECK(alike == 0);
    CHECK(sum > 450);
    CHECK(sum < 550);
}

TEST_SUITE_END();
