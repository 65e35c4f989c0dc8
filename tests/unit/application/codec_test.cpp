#include <cofila/codec.hpp>

#include <boost/describe/class.hpp>
#include <boost/json/parse.hpp>

#include <array>
#include <cmath>
#include <cstdint>
#include <deque>
#include <limits>
#include <list>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "described_types.hpp"
#include "round_trip.hpp"

namespace json = boost::json;
using namespace cofila;
using namespace cofila::test;

TEST_SUITE_BEGIN("codec");

namespace {

struct base {
    int id = 0;
};
BOOST_DESCRIBE_STRUCT(base, (), (id))

struct derived : base {
    std::string more{};
};
BOOST_DESCRIBE_STRUCT(derived, (base), (more))

/// Neither described nor a container: Boost.JSON's own customisation.
struct celsius {
    double degrees = 0;
};
[[maybe_unused]] void tag_invoke(const json::value_from_tag&, json::value& out, const celsius& from)
{
    out = json::value{{"C", from.degrees}};
}
[[maybe_unused]] celsius tag_invoke(const json::value_to_tag<celsius>&, const json::value& source)
{
    return {.degrees = source.at("C").to_number<double>()};
}

struct weather {
    celsius temperature{};
    std::vector<celsius> hours{};
};
BOOST_DESCRIBE_STRUCT(weather, (), (temperature, hours))

}  // namespace

TEST_CASE("a described struct becomes an object with its members in order")
{
    CHECK(encode(point{}) == R"({"x":1,"y":2})");
    CHECK(decode<point>(R"({"y":-5,"x":7})") == point{.x = 7, .y = -5});
}

TEST_CASE("structs, enums, lists, maps and optionals may contain each other")
{
    const shape full{
        .name = "house",
        .paint = colour::green,
        .centre = point{.x = 3, .y = 4},
        .corners = {{}, {.x = 9, .y = 8}},
        .marks = {{"door", {.x = 5, .y = 6}}}
    };
    CHECK(
        encode(full) == R"({"name":"house","paint":"green","centre":{"x":3,"y":4},)"
                        R"("corners":[{"x":1,"y":2},{"x":9,"y":8}],"marks":{"door":{"x":5,"y":6}}})"
    );
    CHECK(round_trip(full) == full);
    CHECK(round_trip(shape{}) == shape{});
    CHECK(encode(shape{}) == R"({"name":"","paint":"red","centre":null,"corners":[],"marks":{}})");
}

TEST_CASE("members of a base class are among those of the derived one")
{
    derived value;
    value.id = 4;
    value.more = "m";
    CHECK(encode(value) == R"({"id":4,"more":"m"})");
    const auto back = decode<derived>(R"({"more":"n","id":5})");
    CHECK(back.id == 5);
    CHECK(back.more == "n");
}

TEST_CASE("unknown members are ignored and absent ones keep their initialiser")
{
    CHECK(decode<point>(R"({"x":7,"z":[1,{"deep":null}]})") == point{.x = 7, .y = 2});
    CHECK(decode<point>("{}") == point{});
    const auto partly = decode<shape>(R"({"corners":[{"y":5},{}]})");
    CHECK(partly.corners == std::vector<point>{{.x = 1, .y = 5}, {.x = 1, .y = 2}});
}

TEST_CASE("the last of two members with one name counts") { CHECK(decode<point>(R"({"x":1,"x":2})").x == 2); }

TEST_CASE("values of plain types survive the round trip")
{
    CHECK(
        round_trip(std::string{"a \"quoted\" \\ line\n\tand \xE2\x82\xAC"}) ==
        "a \"quoted\" \\ line\n\tand \xE2\x82\xAC"
    );
    CHECK(round_trip(std::string(1, '\0')) == std::string(1, '\0'));
    CHECK(round_trip(true));
    CHECK_FALSE(round_trip(false));
    CHECK(round_trip(std::numeric_limits<std::int64_t>::min()) == std::numeric_limits<std::int64_t>::min());
    CHECK(round_trip(std::numeric_limits<std::uint64_t>::max()) == std::numeric_limits<std::uint64_t>::max());
    CHECK(round_trip(std::int8_t{-128}) == -128);
    CHECK(round_trip(0.1) == 0.1);
    CHECK(round_trip(1e300) == 1e300);
    CHECK(std::signbit(round_trip(-0.0)));
    CHECK(round_trip(1.5f) == 1.5f);
    CHECK(round_trip(colour::green) == colour::green);
    CHECK(round_trip(std::optional<int>{}) == std::nullopt);
    CHECK(round_trip(std::optional<int>{5}) == 5);
}

TEST_CASE("containers of many kinds survive the round trip")
{
    CHECK(round_trip(std::vector<bool>{true, false, true}) == std::vector<bool>{true, false, true});
    CHECK(round_trip(std::list<std::string>{"a", "b"}) == std::list<std::string>{"a", "b"});
    CHECK(
        round_trip(std::deque<std::optional<int>>{1, std::nullopt}) == std::deque<std::optional<int>>{1, std::nullopt}
    );
    CHECK(round_trip(std::set<int>{3, 1, 2}) == std::set<int>{1, 2, 3});
    CHECK(
        round_trip(std::vector<colour>{colour::green, colour::red}) == std::vector<colour>{colour::green, colour::red}
    );
    CHECK(round_trip(std::vector<std::vector<point>>{{{}}, {}}) == std::vector<std::vector<point>>{{{}}, {}});
    using table = std::unordered_map<std::string, std::vector<point>>;
    CHECK(round_trip(table{{"a", {{}}}, {"", {}}}) == table{{"a", {{}}}, {"", {}}});
    using names = std::map<std::string, colour>;
    CHECK(round_trip(names{{"leaf", colour::green}}) == names{{"leaf", colour::green}});
    using pair = std::tuple<int, std::string>;
    CHECK(round_trip(pair{1, "b"}) == pair{1, "b"});
    using three = std::array<int, 3>;
    CHECK(round_trip(three{1, 2, 3}) == three{1, 2, 3});
}

TEST_CASE("maps that are no JSON object are lists of pairs")
{
    using numbered = std::map<int, std::string>;
    CHECK(encode(numbered{{1, "a"}, {2, "b"}}) == R"([[1,"a"],[2,"b"]])");
    CHECK(round_trip(numbered{{1, "a"}, {2, "b"}}) == numbered{{1, "a"}, {2, "b"}});
    using table = std::unordered_map<std::int64_t, std::vector<int>>;
    CHECK(round_trip(table{{7, {1, 2}}, {-1, {}}}) == table{{7, {1, 2}}, {-1, {}}});
    using several = std::vector<numbered>;
    CHECK(round_trip(several{{{1, "a"}}, {}}) == several{{{1, "a"}}, {}});
    using synonyms = std::multimap<std::string, std::string>;
    CHECK(round_trip(synonyms{{"big", "large"}, {"big", "great"}}) == synonyms{{"big", "large"}, {"big", "great"}});
    CHECK(undecodable<numbered>(R"([[1,"a"],["b"]])") == "$[1]: array has the length 1, not 2");
}

TEST_CASE("a container that is read replaces what it had")
{
    struct holder {
        static std::vector<int> filled() { return {1, 2, 3}; }
    };
    auto value = holder::filled();
    detail::from_value(json::parse("[9]"), value, detail::json_path{});
    CHECK(value == std::vector<int>{9});
    std::map<std::string, int> map{{"old", 1}};
    detail::from_value(json::parse(R"({"new":2})"), map, detail::json_path{});
    CHECK(map == std::map<std::string, int>{{"new", 2}});
    std::optional<int> number{3};
    detail::from_value(json::parse("null"), number, detail::json_path{});
    CHECK(number == std::nullopt);
}

TEST_CASE("a type with a tag_invoke of its own is left to Boost.JSON, also inside of a described struct")
{
    CHECK(encode(celsius{.degrees = 21.5}) == R"({"C":2.15E1})");
    const weather value{.temperature = {.degrees = 1.5}, .hours = {{.degrees = 2.5}}};
    const auto back = round_trip(value);
    CHECK(back.temperature.degrees == 1.5);
    REQUIRE(back.hours.size() == 1);
    CHECK(back.hours[0].degrees == 2.5);
    CHECK(undecodable<weather>(R"({"hours":[{"C":1},{"F":1}]})") == "$.hours[1]: value does not fit");
}

TEST_CASE("json::value is delivered as it is")
{
    const auto value = json::parse(R"({"b":[1,2.5,null,true,"x"],"a":{}})");
    CHECK(round_trip(value) == value);
    CHECK(encode(json::value{}) == "null");
    CHECK(encode(json::object{{"a", 1}}) == R"({"a":1})");
    CHECK(round_trip(json::array{1, "b"}) == json::array{1, "b"});
}

TEST_CASE("F70: raw_json is untouched, digit for digit")
{
    for (const std::string text :
         {R"({ "n" : 1.00, "n" : 123456789012345678901234567890 })",
          "-0",
          "1E+2",
          "[ ]",
          "\"\\u0041\"",
          "no JSON at all"}) {
        INFO(text);
        CHECK(encode(raw_json{.text = text}) == text);
        CHECK(decode<raw_json>(text) == raw_json{.text = text});
    }
}

TEST_SUITE_END();
