#include <algorithm>
#include <chrono>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "domain/ids.hpp"
#include "support/new_year.hpp"
#include "support/print.hpp"

using namespace cofila;
using namespace cofila::test;
using namespace std::chrono_literals;

TEST_SUITE_BEGIN("ids");

namespace {

bool is_uuid_v7(const std::string& text)
{
    if (text.size() != 36)
        return false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash ? text[i] != '-' : std::string{"0123456789abcdef"}.find(text[i]) == std::string::npos)
            return false;
    }
    return text[14] == '7' && std::string{"89ab"}.find(text[19]) != std::string::npos;
}

}  // namespace

TEST_CASE("a UUID of version 7 holds milliseconds, sequence and random bits in their places")
{
    CHECK(domain::uuid_v7(time_point{0ms}, 0, 0) == "00000000-0000-7000-8000-000000000000");
    CHECK(
        domain::uuid_v7(time_point{milliseconds{0x0123456789ab}}, 0xcde, 0x0123456789abcdef) ==
        "01234567-89ab-7cde-8123-456789abcdef"
    );
    const auto all_ones = domain::uuid_v7(time_point{milliseconds{0xffffffffffff}}, 0xfff, 0xffffffffffffffff);
    CHECK(all_ones == "ffffffff-ffff-7fff-bfff-ffffffffffff");
    // RFC 9562, appendix A.6: 2022-02-22T14:22:22-05:00
    CHECK(
        domain::uuid_v7(time_point{milliseconds{0x017F22E279B0}}, 0xCC3, 0x18C4DC0C0C07398F) ==
        "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"
    );
}

TEST_CASE("a time before 1970 counts as 1970")
{
    CHECK(domain::uuid_v7(time_point{-1ms}, 1, 0) == domain::uuid_v7(time_point{0ms}, 1, 0));
    CHECK(is_uuid_v7(domain::uuid_v7(time_point::min(), 0, 0)));
}

TEST_CASE("ids of one millisecond sort in the order of their making, whatever the random bits")
{
    domain::id_maker maker;
    std::vector<std::string> ids;
    for (int i = 0; i < 20'000; ++i)  // more than the sequence holds
        ids.push_back(maker.next(new_year, static_cast<std::uint64_t>(20'000 - i) * 0x9E3779B97F4A7C15));
    CHECK(std::ranges::is_sorted(ids));
    CHECK(std::set<std::string>(ids.begin(), ids.end()).size() == ids.size());
    CHECK(std::ranges::all_of(ids, is_uuid_v7));
}

TEST_CASE("ids sort when the clock goes on, stands still or steps back")
{
    domain::id_maker maker;
    std::vector<std::string> ids;
    for (const auto step : {0ms, 1ms, 0ms, -3'600'000ms, 5ms, -1ms, 3'600'000ms, -1ms, 0ms, 7'200'000ms}) {
        static auto clock = new_year;
        clock += step;
        for (int i = 0; i < 3; ++i)
            ids.push_back(maker.next(clock, 0));
    }
    CHECK(std::ranges::is_sorted(ids));
    CHECK(std::set<std::string>(ids.begin(), ids.end()).size() == ids.size());
}

TEST_CASE("as many ids of one millisecond as the sequence holds show that millisecond, the next the one after it")
{
    domain::id_maker maker;
    for (std::uint16_t i = 0; i < 4096; ++i)
        REQUIRE(maker.next(new_year, 5) == domain::uuid_v7(new_year, i, 5));
    CHECK(maker.next(new_year, 5) == domain::uuid_v7(new_year + 1ms, 0, 5));
    CHECK(maker.next(new_year, 5) == domain::uuid_v7(new_year + 1ms, 1, 5));
}

TEST_CASE("an id made after the clock went on shows the clock's time again")
{
    domain::id_maker maker;
    for (int i = 0; i < 5000; ++i)
        maker.next(new_year, 0);
    CHECK(maker.next(new_year + 1h, 7) == domain::uuid_v7(new_year + 1h, 0, 7));
}

TEST_CASE("a token is 32 hexadecimal digits")
{
    CHECK(domain::to_text(lock_token{}) == "00000000000000000000000000000000");
    CHECK(domain::to_text(lock_token{.high = 0x0123456789abcdef, .low = 0x1}) == "0123456789abcdef0000000000000001");
    CHECK(domain::to_text(lock_token{.high = ~std::uint64_t{0}, .low = ~std::uint64_t{0}}) == std::string(32, 'f'));
}

TEST_SUITE_END();
