#include <doctest/doctest.h>

#include "domain/clock_offset.hpp"
#include "support/new_year.hpp"
#include "support/print.hpp"

using namespace cofila;
using namespace std::chrono_literals;
using domain::clock_offset;

TEST_SUITE_BEGIN("clock_offset");

namespace {

constexpr time_point noon{std::chrono::sys_days{std::chrono::year{2030} / 1 / 1} + 12h};

domain::time_answer answer(milliseconds round_trip, milliseconds ahead)
{
    return {.round_trip = round_trip, .server = noon + ahead - round_trip / 2, .machine = noon};
}

}  // namespace

TEST_CASE("without a reading of the server's clock the offset is 0") { CHECK(clock_offset{}.now() == 0ms); }

TEST_CASE("the server has read its clock in the middle of the round trip")
{
    clock_offset offset;
    offset.add(answer(40ms, 1h));
    CHECK(offset.now() == 1h);
    clock_offset behind;
    behind.add(answer(40ms, -3s));
    CHECK(behind.now() == -3s);
}

TEST_CASE("the quickest of the last ten answers counts")
{
    clock_offset offset;
    offset.add(answer(40ms, 9s));
    offset.add(answer(2ms, 5s));
    for (int i = 0; i < 9; ++i) {
        offset.add(answer(50ms, 7s));
        CHECK(offset.now() == 5s);
    }
    offset.add(answer(60ms, 8s));
    CHECK(offset.now() == 7s);
}

TEST_SUITE_END();
