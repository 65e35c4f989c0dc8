#include <cofila/error.hpp>

#include <string>
#include <string_view>

#include "domain/json_text.hpp"
#include "support/error_of.hpp"
#include "support/print.hpp"

using namespace cofila;
using namespace cofila::test;
using namespace std::string_view_literals;

TEST_SUITE_BEGIN("json_text");

namespace {

thrown_error check(std::string_view text, std::size_t limit = std::size_t{1} << 20)
{
    return error_of([&] { domain::check_json("data", text, limit); });
}

std::string nested(std::string_view open, std::string_view inside, std::string_view close, int levels)
{
    std::string text;
    for (int i = 0; i < levels; ++i)
        text += open;
    text += inside;
    for (int i = 0; i < levels; ++i)
        text += close;
    return text;
}

}  // namespace

TEST_CASE("one JSON value is accepted as it stands")
{
    const std::string_view texts[] = {
        "{}",
        "[]",
        "null",
        "true",
        "false",
        "0",
        "-0",
        "1.5e-7",
        "\"\"",
        R"({"a":[1,{"b":null}],"a":2})",
        " \t\r\n[ 1 , 2 ]\n ",
        R"("\u0000 \ud83d\ude00 \/ \" \\")",
        "\"\xC3\xA9\xF0\x9F\x98\x80\"",
        "123456789012345678901234567890123456789012345678901234567890",
        "-123456789012345678901234567890",
        "9223372036854775807",
        "-9223372036854775808",
        "9223372036854775808",
        "18446744073709551615",
        "18446744073709551616",
        "1e308",
        "-1.7976931348623157e308",
        "1e-999",
        "0.00000000000000000000000000001",
    };
    for (const auto text : texts) {
        INFO(text);
        const auto e = check(text);
        INFO(e.text);
        CHECK_FALSE(e.code);
    }
}

TEST_CASE("long values are accepted as short ones are")
{
    std::string escapes;
    for (int i = 0; i < 20'000; ++i)
        escapes += i % 3 == 0 ? "\\u00e9" : i % 3 == 1 ? "\\n" : "x";
    const std::string texts[] = {
        '"' + std::string(500'000, 'x') + '"',
        '"' + escapes + '"',
        "{\"" + escapes + "\":1}",
        "[" + std::string(300, '7') + "]",
        "0." + std::string(100'000, '3'),
        std::string(500'000, ' ').append("1").append(500'000, '\n'),
    };
    for (const auto& text : texts) {
        const auto e = check(text);
        INFO(e.text);
        CHECK_FALSE(e.code);
        CHECK(check(text.substr(0, text.size() - 1) + "\x01").code == errc::invalid_argument);
    }
}

TEST_CASE("what is no JSON value is refused, naming the field")
{
    const std::string_view texts[] = {
        "",          " ",         "nul",       "nulll",   "True",       "'a'",
        "{a:1}",     "{\"a\"}",   "{\"a\":}",  "{,}",     "[1,]",       "[1 2]",
        "[",         "]",         "{",         "\"",      "\"abc",      "01",
        "+1",        "1.",        ".5",        "1e",      "0x10",       "NaN",
        "Infinity",  "-Infinity", "undefined", "// x\n1", "/**/1",      "\xEF\xBB\xBF{}",
        R"("\x41")", R"("\u12")", "\"\n\"",    "\"\t\"",  "\"a\0b\""sv, "{}\0"sv,
        "\0"sv,      "{} {}",     "1 2",       "[]x",     "null,",
    };
    for (const auto text : texts) {
        INFO(text);
        const auto e = check(text);
        CHECK(e.code == errc::invalid_argument);
        CHECK(e.field == "data");
    }
}

TEST_CASE("numbers that no double holds are refused")
{
    std::string long_integer(400, '9');
    for (const std::string& text :
         {std::string{"1e999"},
          std::string{"-1e999"},
          std::string{"[1,{\"a\":1e309}]"},
          std::string{"1e99999999999999999999"},
          long_integer}) {
        INFO(text);
        const auto e = check(text);
        CHECK(e.code == errc::invalid_argument);
        CHECK(e.field == "data");
    }
    CHECK(check("[1e999]").text.find("finite") != std::string::npos);
}

TEST_CASE("strings and keys are UTF-8")
{
    for (const auto text : {"\"\xFF\""sv, "\"\xC0\x80\""sv, "\"\xED\xA0\x80\""sv, "\"\xC3\""sv, "{\"\xE9\":1}"sv}) {
        const auto e = check(text);
        CHECK(e.code == errc::invalid_argument);
        CHECK(e.field == "data");
    }
}

TEST_CASE("64 levels are accepted and 65 refused")
{
    CHECK_FALSE(check(nested("[", "", "]", 64)).code);
    CHECK(check(nested("[", "", "]", 65)).code == errc::invalid_argument);
    CHECK_FALSE(check(nested("{\"a\":", "1", "}", 64)).code);
    CHECK(check(nested("{\"a\":", "1", "}", 65)).code == errc::invalid_argument);
    CHECK_FALSE(check(nested("[{\"a\":", "1", "}]", 32)).code);
    CHECK(check("[" + nested("[{\"a\":", "1", "}]", 32) + "]").code == errc::invalid_argument);
    CHECK_FALSE(check("[" + nested("[", "", "]", 63) + "," + nested("[", "", "]", 63) + "]").code);
    CHECK(check(std::string(100'000, '[')).code == errc::invalid_argument);
}

TEST_CASE("the size is counted in bytes, and too much is an error of its own")
{
    CHECK_FALSE(check("\"abc\"", 5).code);
    const auto e = check("\"abcd\"", 5);
    CHECK(e.code == errc::payload_too_large);
    CHECK(e.text.find("data") != std::string::npos);
    CHECK(e.text.find('6') != std::string::npos);
    CHECK(e.text.find('5') != std::string::npos);
    CHECK(check("\"\xC3\xA9\"", 3).code == errc::payload_too_large);
    CHECK_FALSE(check("\"\xC3\xA9\"", 4).code);
    CHECK(check("not JSON", 3).code == errc::payload_too_large);
}

TEST_CASE("an error tells the byte")
{
    CHECK(check("{\"a\":1}x").text.find("byte 7") != std::string::npos);
    CHECK(check("[1,?]").text.find("byte 3") != std::string::npos);
}

TEST_SUITE_END();
