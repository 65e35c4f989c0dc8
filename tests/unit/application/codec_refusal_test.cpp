// What does not fit its type.
#include <cofila/codec.hpp>

#include <boost/describe/class.hpp>
#include <boost/json/serialize.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "described_types.hpp"
#include "round_trip.hpp"
#include "support/nested_json.hpp"

namespace json = boost::json;
using namespace cofila;
using namespace cofila::test;

TEST_SUITE_BEGIN("codec");

namespace {

struct mail {
    std::vector<std::string> to{};
    std::string subject{};
};
BOOST_DESCRIBE_STRUCT(mail, (), (to, subject))

}  // namespace

TEST_CASE("what does not fit is refused with its path")
{
    struct refusal {
        std::string name;
        std::string text;
        std::string expected;
        std::string (*decoded)(std::string_view);
    };
    const refusal cases[] = {
        {"the whole", "[]", "$: value is not an object", undecodable<point>},
        {"a member", R"({"x":"1"})", "$.x: value is not a number", undecodable<point>},
        {"an element", R"({"to":["a","b",3]})", "$.to[2]: value is not a string", undecodable<mail>},
        {"the first element", R"({"to":[null]})", "$.to[0]: value is not a string", undecodable<mail>},
        {"a list", R"({"to":{}})", "$.to: value is not an array", undecodable<mail>},
        {"a string", R"({"subject":7})", "$.subject: value is not a string", undecodable<mail>},
        {"an enum's name",
         R"({"paint":"blue"})",
         "$.paint: value is none of the names of the enumeration",
         undecodable<shape>},
        {"an enum as a number",
         R"({"paint":1})",
         "$.paint: value is none of the names of the enumeration",
         undecodable<shape>},
        {"inside of an optional", R"({"centre":{"x":{}}})", "$.centre.x: value is not a number", undecodable<shape>},
        {"an optional", R"({"centre":5})", "$.centre: value is not an object", undecodable<shape>},
        {"a struct in a list",
         R"({"corners":[{},{"y":[]}]})",
         "$.corners[1].y: value is not a number",
         undecodable<shape>},
        {"a struct in a map",
         R"({"marks":{"door":{"x":true}}})",
         "$.marks.door.x: value is not a number",
         undecodable<shape>},
        {"a map", R"({"marks":[]})", "$.marks: value is not an object", undecodable<shape>},
        {"a list in a list",
         "[[1],[2,false]]",
         "$[1][1]: value is not a number",
         undecodable<std::vector<std::vector<int>>>},
        {"a bool", "0", "$: value is not true or false", undecodable<bool>},
    };
    for (const auto& c : cases) {
        INFO(c.name);
        CHECK(c.decoded(c.text) == c.expected);
    }
}

TEST_CASE("an enum that has none of its names is refused with its path, since it could not be read back")
{
    const auto refused = [](const auto& value) {
        const auto e = error_of([&] { encode(value); });
        CHECK(e.code == errc::invalid_argument);
        CHECK(e.text == e.field + " is 7, which is none of the enumeration's names");
        return e.field;
    };
    const auto none = static_cast<colour>(7);
    CHECK(refused(none) == "$");
    CHECK(refused(shape{.paint = none}) == "$.paint");
    CHECK(refused(std::vector<colour>{colour::red, none}) == "$[1]");
    CHECK(refused(std::map<std::string, std::optional<colour>>{{"leaf", none}}) == "$.leaf");
    CHECK(refused(std::vector<shape>{{}, {}, {.paint = none}}) == "$[2].paint");
}

TEST_CASE("a member whose name is empty is not taken for an element")
{
    using numbers = std::map<std::string, int>;
    CHECK(undecodable<numbers>(R"({"":"x"})") == "$.: value is not a number");
}

TEST_CASE("numbers that do not fit the type are refused")
{
    CHECK(undecodable<std::int8_t>("128") == "$: number does not fit");
    CHECK(decode<std::int8_t>("127") == 127);
    CHECK(undecodable<std::uint8_t>("-1") == "$: number does not fit");
    CHECK(undecodable<int>("2147483648") == "$: number does not fit");
    CHECK(decode<int>("2147483647") == 2147483647);
    CHECK(undecodable<int>("1.5") == "$: number does not fit");
    CHECK(decode<int>("3.0") == 3);
    CHECK(undecodable<std::int64_t>("9223372036854775808") == "$: number does not fit");
    CHECK(undecodable<std::uint64_t>("18446744073709551616") == "$: number does not fit");
    CHECK(decode<double>("7") == 7.0);
    CHECK(undecodable<point>(R"({"y":1e10})") == "$.y: number does not fit");
}

TEST_CASE("text that is not JSON is refused")
{
    for (const std::string text : {"", "{", "{\"x\":}", "nul", "1 2", "{'x':1}", "[1,]", "\"\xFF\"", "NaN"}) {
        INFO(text);
        CHECK(undecodable<json::value>(text).starts_with("$: the text is not JSON: "));
        CHECK(undecodable<point>(text).starts_with("$: the text is not JSON: "));
    }
}

TEST_CASE("F69: 64 levels are read, 65 are refused")
{
    CHECK(json::serialize(decode<json::value>(nested_json(64))) == nested_json(64));
    CHECK(undecodable<json::value>(nested_json(65)).starts_with("$: the text is not JSON: "));
    CHECK(undecodable<json::value>(nested_json(100'000)).starts_with("$: the text is not JSON: "));
}

TEST_SUITE_END();
