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

#include "support/error_of.hpp"
#include "support/print.hpp"

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

struct tree {
    std::vector<tree> branches{};
    std::unique_ptr<tree> root{};
};
BOOST_DESCRIBE_STRUCT(tree, (), (branches, root))

using nanotime = std::chrono::sys_time<std::chrono::nanoseconds>;

template <class T>
T there_and_back(const T& value)
{
    return decode<T>(encode(value));
}

template <class T>
std::string why_undecodable(std::string_view text)
{
    const auto e = error_of([&] { decode<T>(text); });
    CHECK(e.code == errc::payload_undecodable);
    return e.text;
}

template <class T>
std::string why_unencodable(const T& value)
{
    const auto e = error_of([&] { encode(value); });
    CHECK(e.code == errc::invalid_argument);
    return e.text;
}

/// A branch of a branch, this many times.
tree grown(int levels)
{
    tree out;
    for (int i = 0; i < levels; ++i) {
        auto above = std::make_unique<tree>(std::move(out));
        out = tree{};
        out.root = std::move(above);
    }
    return out;
}

}  // namespace

TEST_CASE("a duration is the number of its own unit")
{
    CHECK(encode(90s) == "90");
    CHECK(encode(-250ms) == "-250");
    CHECK(encode(std::chrono::days{3}) == "3");
    CHECK(there_and_back(milliseconds::max()) == milliseconds::max());
    CHECK(there_and_back(milliseconds::min()) == milliseconds::min());
    CHECK(there_and_back(std::chrono::duration<double>{0.1}) == std::chrono::duration<double>{0.1});
    CHECK(there_and_back(std::vector<milliseconds>{1ms, 2ms}) == std::vector<milliseconds>{1ms, 2ms});
    using small = std::chrono::duration<std::int8_t>;
    CHECK(why_undecodable<small>("128") == "$: number does not fit");
    CHECK(why_undecodable<std::chrono::seconds>("1.5") == "$: number does not fit");
    CHECK(why_undecodable<std::chrono::seconds>("\"1s\"") == "$: value is not a number");
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
        CHECK(there_and_back(time) == time);
    const std::chrono::sys_time<std::chrono::minutes> minutes{std::chrono::minutes{-1}};
    CHECK(there_and_back(minutes) == minutes);
    const std::chrono::sys_time<std::chrono::duration<std::uint32_t>> unsigned_ones{
        std::chrono::duration<std::uint32_t>{4'294'967'295u}
    };
    CHECK(there_and_back(unsigned_ones) == unsigned_ones);
}

TEST_CASE("a time that its type or RFC 3339 cannot hold is refused by name")
{
    constexpr auto outside = "$ is outside of the years 0 to 9999";
    CHECK(why_unencodable(time_point::max()) == outside);
    CHECK(why_unencodable(time_point::min()) == outside);
    CHECK(why_unencodable(std::chrono::sys_seconds::max()) == outside);
    CHECK(why_unencodable(std::chrono::sys_time<std::chrono::hours>::max()) == outside);
    CHECK(why_unencodable(visit{.at = time_point::max()}) == "$.at is outside of the years 0 to 9999");
    CHECK(why_undecodable<time_point>("1893490200") == "$: value is not a string");
    CHECK(why_undecodable<time_point>(R"("today")") == "$: value is no time as in 2030-01-01T09:30:00Z");
    constexpr auto finer = "$: time is finer than its type holds";
    CHECK(why_undecodable<time_point>(R"("2030-01-01T00:00:00.0001Z")") == finer);
    CHECK(why_undecodable<std::chrono::sys_days>(R"("2030-01-01T00:00:01Z")") == finer);
    CHECK(decode<time_point>(R"("1970-01-01T00:00:00.001000Z")") == time_point{1ms});
    CHECK(why_undecodable<nanotime>(R"("2300-01-01T00:00:00Z")") == "$: time does not fit");
}

TEST_CASE("a variant keeps which alternative it holds, also where two look alike")
{
    CHECK(encode(choice{}) == R"({"index":0,"value":null})");
    CHECK(encode(choice{other_place{}}) == R"({"index":2,"value":{"x":7}})");
    CHECK(there_and_back(choice{place{.x = 3}}) == choice{place{.x = 3}});
    CHECK(there_and_back(choice{other_place{.x = 3}}) == choice{other_place{.x = 3}});
    CHECK(there_and_back(choice{"text"}) == choice{"text"});
    using twice = std::variant<int, int>;
    CHECK(there_and_back(twice{std::in_place_index<1>, 5}).index() == 1);
    CHECK(why_undecodable<choice>("5") == "$: value is not an object with an 'index' and a 'value'");
    CHECK(why_undecodable<choice>(R"({"index":1})") == "$: value is not an object with an 'index' and a 'value'");
    CHECK(why_undecodable<choice>(R"({"index":-1,"value":1})") == "$.index: number does not fit");
    CHECK(why_undecodable<choice>(R"({"index":4,"value":1})") == "$.index: there are 4 alternatives, counted from 0");
    CHECK(why_undecodable<choice>(R"({"index":1,"value":{"y":""}})") == "$.value.y: value is not a number");
    CHECK(why_undecodable<choice>(R"({"index":0,"value":1})") == "$.value: value is not null");
}

TEST_CASE("a path is its text in UTF-8 with slashes")
{
    using std::filesystem::path;
    CHECK(encode(path{"a/b c.txt"}) == R"("a/b c.txt")");
    CHECK(there_and_back(path{u8"gr\u00FC\u00DFe"}) == path{u8"gr\u00FC\u00DFe"});
    CHECK(there_and_back(path{}) == path{});
    CHECK(there_and_back(std::vector<path>{"/", ".."}) == std::vector<path>{"/", ".."});
    CHECK(
        why_unencodable(visit{.picture = path{"\xFF.png"}}) ==
        "$.picture is a path that is not UTF-8: JSON cannot hold it"
    );
    CHECK(why_undecodable<path>("7") == "$: value is not a string");
}

TEST_CASE("arrays, pairs and tuples are lists of their length")
{
    using three = std::array<place, 3>;
    CHECK(encode(std::array<int, 2>{1, 2}) == "[1,2]");
    CHECK(there_and_back(three{place{.x = 5}}) == three{place{.x = 5}});
    CHECK(there_and_back(std::array<int, 0>{}) == std::array<int, 0>{});
    using mixed = std::tuple<int, std::string, std::optional<place>>;
    CHECK(there_and_back(mixed{1, "b", place{}}) == mixed{1, "b", place{}});
    using pair = std::pair<place, bool>;
    CHECK(decode<pair>(R"([{"y":9,"z":0},true])") == pair{place{.y = 9}, true});
    CHECK(why_undecodable<three>("[{},{}]") == "$: array has the length 2, not 3");
    CHECK(why_undecodable<pair>("[{},true,1]") == "$: array has the length 3, not 2");
    CHECK(why_undecodable<pair>(R"([{"x":"1"},true])") == "$[0].x: value is not a number");
    CHECK(why_undecodable<mixed>("{}") == "$: value is not an array");
}

TEST_CASE("sets are lists, whose repetitions count once")
{
    CHECK(encode(std::set<int>{3, 1, 2}) == "[1,2,3]");
    CHECK(decode<std::set<int>>("[2,1,2]") == std::set<int>{1, 2});
    CHECK(there_and_back(std::set<place>{{.x = 5}, {.x = 4}}) == std::set<place>{{.x = 5}, {.x = 4}});
    using words = std::unordered_set<std::string>;
    CHECK(there_and_back(words{"a", "b"}) == words{"a", "b"});
    CHECK(there_and_back(std::multiset<int>{1, 1}) == std::multiset<int>{1, 1});
    CHECK(why_undecodable<std::set<int>>(R"([1,"2"])") == "$[1]: value is not a number");
}

TEST_CASE("described structs in maps by number are read as leniently as anywhere")
{
    using numbered = std::map<int, place>;
    CHECK(encode(numbered{{4, {}}}) == R"([[4,{"x":1,"y":2}]])");
    CHECK(decode<numbered>(R"([[4,{"y":9,"z":0}]])") == numbered{{4, {.y = 9}}});
    CHECK(why_undecodable<numbered>(R"([[4,{"y":"9"}]])") == "$[0][1].y: value is not a number");
}

TEST_CASE("pointers that own are their value or null")
{
    CHECK(encode(std::unique_ptr<place>{}) == "null");
    CHECK(encode(std::make_shared<place>()) == R"({"x":1,"y":2})");
    CHECK(decode<std::unique_ptr<place>>("null") == nullptr);
    CHECK(*decode<std::unique_ptr<place>>(R"({"x":4})") == place{.x = 4});
    CHECK(*decode<std::shared_ptr<place>>(R"({"x":4})") == place{.x = 4});
    CHECK(why_undecodable<std::unique_ptr<place>>("[]") == "$: value is not an object");
}

TEST_CASE("what contains itself is held to 64 levels before the stack is")
{
    const auto good = decode<tree>(encode(grown(62)));
    CHECK(good.root->root != nullptr);
    std::string path = "$";
    for (int i = 0; i < 64; ++i)
        path += ".root";
    CHECK(why_unencodable(grown(1'000)) == path + " is nested deeper than 64 levels");
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
    const auto back = there_and_back(full);
    CHECK(back.stay == 90s);
    CHECK(back.at == time_point{1ms});
    CHECK(back.picture == "a/b.png");
    CHECK(back.what == full.what);
    CHECK(back.ends == full.ends);
}

TEST_SUITE_END();
