#include <chrono>
#include <limits>
#include <string>

#include "domain/rfc3339.hpp"
#include "support/print.hpp"

using namespace cofila::domain;

TEST_SUITE_BEGIN("rfc3339");

namespace {

constexpr std::int64_t billion = 1'000'000'000;
constexpr std::int64_t a_second = billion * billion;

std::string text_of(instant when, int digits = 0) { return rfc3339(when, digits).value_or("none"); }

}  // namespace

TEST_CASE("a time is written in UTC with as many digits as asked for")
{
    CHECK(text_of({}) == "1970-01-01T00:00:00Z");
    CHECK(text_of({.seconds = 1'893'490'200, .attoseconds = a_second / 4}, 3) == "2030-01-01T09:30:00.250Z");
    CHECK(text_of({.attoseconds = 1}, 18) == "1970-01-01T00:00:00.000000000000000001Z");
    CHECK(text_of({.seconds = -1, .attoseconds = a_second - 1}, 9) == "1969-12-31T23:59:59.999999999Z");
    CHECK(text_of({.seconds = 951'782'400}) == "2000-02-29T00:00:00Z");
}

TEST_CASE("only the years 0 to 9999 can be written")
{
    CHECK(text_of({.seconds = -62'167'219'200}) == "0000-01-01T00:00:00Z");
    CHECK(text_of({.seconds = -62'167'219'201}) == "none");
    CHECK(text_of({.seconds = 253'402'300'799}) == "9999-12-31T23:59:59Z");
    CHECK(text_of({.seconds = 253'402'300'800}) == "none");
    CHECK(text_of({.seconds = std::numeric_limits<std::int64_t>::max()}) == "none");
    CHECK(text_of({.seconds = std::numeric_limits<std::int64_t>::min()}) == "none");
}

TEST_CASE("what is written is read, and so is what others write")
{
    CHECK(from_rfc3339("1970-01-01T00:00:00Z") == instant{});
    CHECK(from_rfc3339("2030-01-01T09:30:00.250Z") == instant{.seconds = 1'893'490'200, .attoseconds = a_second / 4});
    CHECK(from_rfc3339("1970-01-01t00:00:01z") == instant{.seconds = 1});
    CHECK(from_rfc3339("1970-01-01 00:00:01.5+00:00") == instant{.seconds = 1, .attoseconds = a_second / 2});
    CHECK(from_rfc3339("1970-01-01T02:00:00+01:30") == instant{.seconds = 1'800});
    CHECK(from_rfc3339("1969-12-31T22:30:00-01:30") == instant{});
    CHECK(from_rfc3339("0000-01-01T00:00:00Z") == instant{.seconds = -62'167'219'200});
}

TEST_CASE("what is no time is none")
{
    for (const std::string text :
         {"",
          "2030",
          "2030-01-01",
          "2030-01-01T09:30Z",
          "2030-01-01T09:30:00",
          "2030-01-01T09:30:00.Z",
          "2030-01-01T09:30:00.1234567890123456789Z",
          "2030-01-01T09:30:00Z ",
          " 2030-01-01T09:30:00Z",
          "2030-02-30T09:30:00Z",
          "2030-13-01T09:30:00Z",
          "2030-00-01T09:30:00Z",
          "2030-01-01T24:00:00Z",
          "2030-01-01T09:60:00Z",
          "2030-01-01T09:30:60Z",
          "2030-01-01T09:30:00+24:00",
          "2030-01-01T09:30:00+0100",
          "2030-01-01T09:30:00+01",
          "+030-01-01T09:30:00Z",
          "2030-1-01T09:30:00Z",
          "2030-01-01T-9:30:00Z",
          "12030-01-01T09:30:00Z",
          "1893490200"}) {
        INFO(text);
        CHECK(from_rfc3339(text) == std::nullopt);
    }
}

TEST_SUITE_END();
