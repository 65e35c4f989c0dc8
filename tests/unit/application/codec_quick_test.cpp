#include <cofila/codec.hpp>

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "support/error_of.hpp"
#include "support/print.hpp"

using namespace cofila;
using namespace cofila::test;

TEST_SUITE_BEGIN("codec: plain text");

namespace {

enum class ink { red, green };
BOOST_DESCRIBE_ENUM(ink, red, green)

struct seed_row {
    std::int8_t x = 1;
    bool big = false;
};
BOOST_DESCRIBE_STRUCT(seed_row, (), (x, big))

struct branch {
    seed_row tip{};
};
BOOST_DESCRIBE_STRUCT(branch, (), (tip))

struct garden {
    std::string name{};
    ink colour = ink::red;
    std::optional<seed_row> own{};
    std::vector<seed_row> leaves{};
    std::map<std::string, std::uint64_t> marks{};
    std::set<int> numbers{};
    std::unique_ptr<garden> below{};
};
BOOST_DESCRIBE_STRUCT(garden, (), (name, colour, own, leaves, marks, numbers, below))

struct left {
    int x = 0;
};
BOOST_DESCRIBE_STRUCT(left, (), (x))
struct right {
    int x = 0;
};
BOOST_DESCRIBE_STRUCT(right, (), (x))
struct both : left, right {};
BOOST_DESCRIBE_STRUCT(both, (left, right), ())

/// What comes of reading it, as text.
template <class T>
std::string read(std::string_view text, decoding how)
{
    std::string out;
    const auto thrown = error_of([&] { out = encode(decode<T>(text, how)); });
    return thrown.code ? thrown.code.message() + ": " + thrown.text : out;
}

/// A text that begins with a space is always read from its document.
template <class T>
void is_read_the_same(const std::string& text)
{
    for (const auto how : {decoding::lenient, decoding::strict})
        if (const auto expected = read<T>(" " + text, how); read<T>(text, how) != expected)
            FAIL("read from its document it is " << expected << ", quickly " << read<T>(text, how) << ": " << text);
}

const std::string whole =
    R"({"name":"a b","colour":"green","own":{"x":-5,"big":true},"leaves":[{"x":7,"big":false},{}],"marks":{"m":1},)"
    R"("numbers":[3,1],"below":{"name":"","colour":"red","own":null,"leaves":[],"marks":{},"numbers":[],"below":null}})";

}  // namespace

TEST_CASE("plain text is read as from its document, and so is whatever a small change makes of it")
{
    is_read_the_same<garden>(whole);
    const std::string_view pieces[] = {
        ",", ":", "{", "}", "[", "]", "\"", "\\", "1", "-", ".5", "null", "\"name\":1,", "\xFF"
    };
    for (std::size_t at = 0; at < whole.size(); ++at) {
        is_read_the_same<garden>(whole.substr(0, at) + whole.substr(at + 1));
        for (const auto piece : pieces)
            is_read_the_same<garden>(whole.substr(0, at) + std::string{piece} + whole.substr(at));
    }
}

TEST_CASE("members that are unknown, missing or there twice mean what they mean in a document")
{
    const std::string texts[] = {
        "{}",
        R"({"x":1,"x":2})",
        R"({"x":300})",
        R"({"x":-129})",
        R"({"x":128,"x":2})",
        R"({"y":1})",
        R"({"x":1,"y":[1,{}]})",
        R"({"x":"1"})",
        R"({"x":null})",
        R"({"x":1.0})",
        R"({"x":1e1})",
        R"({"big":1})",
        "[]",
        "1",
        "null",
    };
    for (const auto& text : texts) {
        is_read_the_same<seed_row>(text);
        is_read_the_same<std::optional<seed_row>>(text);
        is_read_the_same<std::vector<seed_row>>("[" + text + "," + text + "]");
        is_read_the_same<std::map<std::string, seed_row>>(R"({"k":)" + text + R"(,"k":)" + text + "}");
    }
}

TEST_CASE("of a member that is there twice, the last one counts alone")
{
    const std::string text = R"({"tip":{"x":5},"tip":{"big":true}})";
    CHECK(encode(decode<branch>(text)) == R"({"tip":{"x":1,"big":true}})");
    is_read_the_same<branch>(text);
}

TEST_CASE("members of two bases with one name are both read, and written once")
{
    const auto read_back = decode<both>(R"({"x":5})");
    CHECK(static_cast<const left&>(read_back).x == 5);
    CHECK(static_cast<const right&>(read_back).x == 5);
    CHECK(encode(read_back) == R"({"x":5})");
}

TEST_CASE("text deeper than 64 levels is refused as it is in a document")
{
    for (const int levels : {31, 32, 33, 63, 64, 65}) {
        std::string text = "null";
        for (int i = 0; i < levels; ++i)
            text = R"({"name":"","below":)" + text + "}";
        is_read_the_same<std::unique_ptr<garden>>(text);
    }
}
