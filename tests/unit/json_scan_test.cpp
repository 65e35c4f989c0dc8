#include <cofila/detail/json_scan.hpp>

#include <boost/json/parse.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "support/nested_json.hpp"

using namespace cofila::detail;
using namespace std::string_view_literals;

TEST_SUITE_BEGIN("json_scan");

namespace {

bool is_json(std::string_view text)
{
    boost::system::error_code failed;
    boost::json::parse({text.data(), text.size()}, failed);
    return !failed;
}

}  // namespace

TEST_CASE("plain JSON is recognised")
{
    const std::string_view texts[] = {
        "null",
        "true",
        "false",
        "0",
        "-1",
        "123456789012345678",
        R"("")",
        R"("plain text ~ of any length")",
        "{}",
        "[]",
        R"({"a":[1,{"b":null},[]],"c":{}})",
        "[[],{},true]",
    };
    for (const auto text : texts) {
        CAPTURE(text);
        CHECK(is_plain_json(text));
    }
    CHECK(is_plain_json(nested_json(63)));
}

TEST_CASE("everything else is left to the parser, right or wrong")
{
    const std::string_view texts[] = {
        "",        " 1",           "1 ",       "1.5",      "1e3",       "1234567890123456789",
        R"("\n")", "\"\xC3\xA9\"", "\"\xFF\"", "\"\x01\"", "\"a\0\""sv, "\"a",
        "-",       "-null",        "1null",    "01",       "-01",       "1]",
        "[1",      "[1,]",         "[,1]",     "[1}",      R"({"a"})",  R"({"a":1,})",
        "{1:2}",   "{,}",          "nul",      "nullx",    "{}{}",
    };
    for (const auto text : texts) {
        CAPTURE(text);
        CHECK_FALSE(is_plain_json(text));
    }
    CHECK_FALSE(is_plain_json(nested_json(64)));
}

TEST_CASE("whatever is recognised is JSON, in all texts of up to five pieces")
{
    const std::string_view pieces[] = {"{", "}", "[", "]", ",", ":", R"("a")", "0", "-", "null", "12", "\""};
    std::vector<std::string> texts{""};
    int plain = 0;
    for (int length = 1; length <= 5; ++length) {
        std::vector<std::string> longer;
        for (const auto& text : texts)
            for (const auto piece : pieces)
                longer.push_back(text + std::string{piece});
        texts = std::move(longer);
        for (const auto& text : texts)
            if (is_plain_json(text)) {
                ++plain;
                if (!is_json(text))
                    FAIL("not JSON: " << text);
            }
    }
    CHECK(plain > 100);
}

TEST_CASE("a string is plain up to the first character that needs a look")
{
    CHECK(plain_length("") == 0);
    CHECK(plain_length("seven..") == 7);
    for (std::size_t at = 0; at < 20; ++at)
        for (const char odd : {'"', '\\', '\n', '\x1F', '\0', '\x80', '\xFF'}) {
            std::string text(20, '\x7F');
            text[at] = odd;
            CAPTURE(at);
            CAPTURE(int{odd});
            CHECK(plain_length(text) == at);
        }
}

TEST_CASE("a piece that is not there is not passed")
{
    json_scan in{"-5x"};
    std::int64_t number = 0;
    CHECK_FALSE(in.pass_number(number));
    CHECK(in.pass("-5x"));
    CHECK(in.at_end());
    json_scan text{"\"a\n\""};
    std::string_view read;
    CHECK_FALSE(text.pass_text(read));
    CHECK(text.pass('"'));
    json_scan fits{"-999999999999999999,"};
    CHECK(fits.pass_number(number));
    CHECK(number == -999'999'999'999'999'999);
    for (const auto* digits : {"1000000000000000000,", "9223372036854775808,", "-99999999999999999999999,"}) {
        json_scan too_long{digits};
        CHECK_FALSE(too_long.pass_number(number));
        CHECK(too_long.pass(digits));
    }
}
