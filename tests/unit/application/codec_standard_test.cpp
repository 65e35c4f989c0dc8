// Types of the standard library as payloads.
#include <cofila/codec.hpp>

#include <boost/describe/class.hpp>

#include <array>
#include <chrono>
#include <filesystem>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <unordered_set>
#include <utility>
#include <variant>
#include <vector>

#include "round_trip.hpp"

using namespace cofila;
using namespace cofila::test;
using namespace std::chrono_literals;

TEST_SUITE_BEGIN("codec: types of the standard library");

namespace {

struct place {
    int x = 1;
    int y = 2;
    friend auto operator<=>(const place&, const place&) = default;
};
BOOST_DESCRIBE_STRUCT(place, (), (x, y))

struct other_place {
    int x = 7;
    friend bool operator==(const other_place&, const other_place&) = default;
};
BOOST_DESCRIBE_STRUCT(other_place, (), (x))

using choice = std::variant<std::monostate, place, other_place, std::string>;

struct visit {
    std::chrono::seconds stay{};
    std::chrono::sys_time<milliseconds> at{};
    std::filesystem::path picture{};
    choice what{};
    std::array<place, 2> ends{};
};
BOOST_DESCRIBE_STRUCT(visit, (), (stay, at, picture, what, ends))

using nanotime = std::chrono::sys_time<std::chrono::nanoseconds>;

}  // namespace

TEST_CASE("a duration is the number of its own unit")
{
    CHECK(encode(90s) == "90");
    CHECK(encode(-250ms) == "-250");
    CHECK(encode(std::chrono::days{3}) == "3");
    CHECK(round_trip(milliseconds::max()) == milliseconds::max());
    CHECK(round_trip(milliseconds::min()) == milliseconds::min());
    CHECK(round_trip(std::chrono::duration<double>{0.1}) == std::chrono::duration<double>{0.1});
    CHECK(round_trip(std::vector<milliseconds>{1ms, 2ms}) == std::vector<milliseconds>{1ms, 2ms});
    using small = std::chrono::duration<std::int8_t>;
    CHECK(undecodable<small>("128") == "$: number does not fit");
    CHECK(undecodable<std::chrono::seconds>("1.5") == "$: number does not fit");
    CHECK(undecodable<std::chrono::seconds>("\"1s\"") == "$: value is not a number");
}

TEST_CASE("a time point is the text of RFC 3339, with the digits of its unit")
{
    constexpr auto day = std::chrono::sys_days{std::chrono::year{2030} / 1 / 31};
    CHECK(encode(time_point{day + 9h + 30min + 250ms}) == R"("2030-01-31T09:30:00.250Z")");
    CHECK(encode(std::chrono::sys_seconds{day}) == R"("2030-01-31T00:00:00Z")");
    CHECK(encode(day) == R"("2030-01-31T00:00:00Z")");
    CHECK(encode(nanotime{day + 1ns}) == R"("2030-01-31T00:00:00.000000001Z")");
    CHECK(encode(time_point{-1ms}) == R"("1969-12-31T23:59:59.999Z")");
    CHECK(decode<time_point>(R"("2030-01-31T10:30:00.25+01:00")") == day + 9h + 30min + 250ms);
}

TEST_CASE("a time point survives the round trip to its last digit")
{
    for (const auto time : {nanotime{}, nanotime{1ns}, nanotime{-1ns}, nanotime::min(), nanotime::max()})
        CHECK(round_trip(time) == time);
    const std::chrono::sys_time<std::chrono::minutes> minutes{std::chrono::minutes{-1}};
    CHECK(round_trip(minutes) == minutes);
    const std::chrono::sys_time<std::chrono::duration<std::uint32_t>> unsigned_ones{
        std::chrono::duration<std::uint32_t>{4'294'967'295u}
    };
    CHECK(round_trip(unsigned_ones) == unsigned_ones);
}

TEST_CASE("a time that its type or RFC 3339 cannot hold is refused by name")
{
    constexpr auto outside = "$ is outside of the years 0 to 9999";
    CHECK(unencodable(time_point::max()) == outside);
    CHECK(unencodable(time_point::min()) == outside);
    CHECK(unencodable(std::chrono::sys_seconds::max()) == outside);
    CHECK(unencodable(std::chrono::sys_time<std::chrono::hours>::max()) == outside);
    CHECK(unencodable(visit{.at = time_point::max()}) == "$.at is outside of the years 0 to 9999");
    CHECK(undecodable<time_point>("1893490200") == "$: value is not a string");
    CHECK(undecodable<time_point>(R"("today")") == "$: value is no time as in 2030-01-01T09:30:00Z");
    constexpr auto finer = "$: time is finer than its type holds";
    CHECK(undecodable<time_point>(R"("2030-01-01T00:00:00.0001Z")") == finer);
    CHECK(undecodable<std::chrono::sys_days>(R"("2030-01-01T00:00:01Z")") == finer);
    CHECK(decode<time_point>(R"("1970-01-01T00:00:00.001000Z")") == time_point{1ms});
    CHECK(undecodable<nanotime>(R"("2300-01-01T00:00:00Z")") == "$: time does not fit");
}

TEST_CASE("a variant keeps which alternative it holds, also where two look alike")
{
    CHECK(encode(choice{}) == R"({"index":0,"value":null})");
    CHECK(encode(choice{other_place{}}) == R"({"index":2,"value":{"x":7}})");
    CHECK(round_trip(choice{place{.x = 3}}) == choice{place{.x = 3}});
    CHECK(round_trip(choice{other_place{.x = 3}}) == choice{other_place{.x = 3}});
    CHECK(round_trip(choice{"text"}) == choice{"text"});
    using twice = std::variant<int, int>;
    CHECK(round_trip(twice{std::in_place_index<1>, 5}).index() == 1);
    CHECK(undecodable<choice>("5") == "$: value is not an object with an 'index' and a 'value'");
    CHECK(undecodable<choice>(R"({"index":1})") == "$: value is not an object with an 'index' and a 'value'");
    CHECK(undecodable<choice>(R"({"index":-1,"value":1})") == "$.index: number does not fit");
    CHECK(undecodable<choice>(R"({"index":4,"value":1})") == "$.index: there are 4 alternatives, counted from 0");
    CHECK(undecodable<choice>(R"({"index":1,"value":{"y":""}})") == "$.value.y: value is not a number");
    CHECK(undecodable<choice>(R"({"index":0,"value":1})") == "$.value: value is not null");
}

TEST_CASE("a path is its text in UTF-8 with slashes")
{
    using std::filesystem::path;
    CHECK(encode(path{"a/b c.txt"}) == R"("a/b c.txt")");
    CHECK(round_trip(path{u8"gr\u00FC\u00DFe"}) == path{u8"gr\u00FC\u00DFe"});
    CHECK(round_trip(path{}) == path{});
    CHECK(round_trip(std::vector<path>{"/", ".."}) == std::vector<path>{"/", ".."});
    CHECK(
        unencodable(visit{.picture = path{"\xFF.png"}}) == "$.picture is a path that is not UTF-8: JSON cannot hold it"
    );
    CHECK(undecodable<path>("7") == "$: value is not a string");
}

TEST_CASE("arrays, pairs and tuples are lists of their length")
{
    using three = std::array<place, 3>;
    CHECK(encode(std::array<int, 2>{1, 2}) == "[1,2]");
    CHECK(round_trip(three{place{.x = 5}}) == three{place{.x = 5}});
    CHECK(round_trip(std::array<int, 0>{}) == std::array<int, 0>{});
    using mixed = std::tuple<int, std::string, std::optional<place>>;
    CHECK(round_trip(mixed{1, "b", place{}}) == mixed{1, "b", place{}});
    using pair = std::pair<place, bool>;
    CHECK(decode<pair>(R"([{"y":9,"z":0},true])") == pair{place{.y = 9}, true});
    CHECK(undecodable<three>("[{},{}]") == "$: array has the length 2, not 3");
    CHECK(undecodable<pair>("[{},true,1]") == "$: array has the length 3, not 2");
    CHECK(undecodable<pair>(R"([{"x":"1"},true])") == "$[0].x: value is not a number");
    CHECK(undecodable<mixed>("{}") == "$: value is not an array");
}

TEST_CASE("sets are lists, whose repetitions count once")
{
    CHECK(encode(std::set<int>{3, 1, 2}) == "[1,2,3]");
    CHECK(decode<std::set<int>>("[2,1,2]") == std::set<int>{1, 2});
    CHECK(round_trip(std::set<place>{{.x = 5}, {.x = 4}}) == std::set<place>{{.x = 5}, {.x = 4}});
    using words = std::unordered_set<std::string>;
    CHECK(round_trip(words{"a", "b"}) == words{"a", "b"});
    CHECK(round_trip(std::multiset<int>{1, 1}) == std::multiset<int>{1, 1});
    CHECK(undecodable<std::set<int>>(R"([1,"2"])") == "$[1]: value is not a number");
}

TEST_CASE("described structs in maps by number are read as leniently as anywhere")
{
    using numbered = std::map<int, place>;
    CHECK(encode(numbered{{4, {}}}) == R"([[4,{"x":1,"y":2}]])");
    CHECK(decode<numbered>(R"([[4,{"y":9,"z":0}]])") == numbered{{4, {.y = 9}}});
    CHECK(undecodable<numbered>(R"([[4,{"y":"9"}]])") == "$[0][1].y: value is not a number");
}

TEST_CASE("pointers that own are their value or null")
{
    CHECK(encode(std::unique_ptr<place>{}) == "null");
    CHECK(encode(std::make_shared<place>()) == R"({"x":1,"y":2})");
    CHECK(decode<std::unique_ptr<place>>("null") == nullptr);
    CHECK(*decode<std::unique_ptr<place>>(R"({"x":4})") == place{.x = 4});
    CHECK(*decode<std::shared_ptr<place>>(R"({"x":4})") == place{.x = 4});
    CHECK(undecodable<std::unique_ptr<place>>("[]") == "$: value is not an object");
}

TEST_CASE("a struct may have members of all these types")
{
    const visit full{
        .stay = 90s,
        .at = time_point{1ms},
        .picture = "a/b.png",
        .what = other_place{.x = 3},
        .ends = {place{.x = 4}, place{}}
    };
    CHECK(
        encode(full) == R"({"stay":90,"at":"1970-01-01T00:00:00.001Z","picture":"a/b.png",)"
                        R"("what":{"index":2,"value":{"x":3}},"ends":[{"x":4,"y":2},{"x":1,"y":2}]})"
    );
    const auto back = round_trip(full);
    CHECK(back.stay == 90s);
    CHECK(back.at == time_point{1ms});
    CHECK(back.picture == "a/b.png");
    CHECK(back.what == full.what);
    CHECK(back.ends == full.ends);
}

TEST_SUITE_END();
