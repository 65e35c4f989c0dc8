#include <string>
#include <string_view>

#include "domain/text.hpp"
#include "support/print.hpp"

using namespace cofila;
using namespace std::string_literals;
using namespace std::string_view_literals;

TEST_SUITE_BEGIN("text");

namespace {

constexpr auto marker = " [cut]"sv;

std::string repeated(std::string_view text, std::size_t times)
{
    std::string out;
    while (times-- > 0)
        out += text;
    return out;
}

}  // namespace

TEST_CASE("UTF-8 is told from what is not")
{
    struct {
        const char* name;
        std::string_view text;
        bool good;
    } const cases[] = {
        {"empty", "", true},
        {"ASCII", "abc \x7F", true},
        {"NUL", "a\0b"sv, true},
        {"first of two bytes", "\xC2\x80", true},
        {"last of two bytes", "\xDF\xBF", true},
        {"first of three bytes", "\xE0\xA0\x80", true},
        {"before the surrogates", "\xED\x9F\xBF", true},
        {"after the surrogates", "\xEE\x80\x80", true},
        {"last of three bytes", "\xEF\xBF\xBF", true},
        {"byte order mark", "\xEF\xBB\xBF", true},
        {"first of four bytes", "\xF0\x90\x80\x80", true},
        {"last there is", "\xF4\x8F\xBF\xBF", true},
        {"mixed", "a\xC3\xA9z\xE2\x82\xAC\xF0\x9F\x98\x80!", true},
        {"continuation alone", "\x80", false},
        {"continuation after ASCII", "a\xBF", false},
        {"overlong NUL", "\xC0\x80", false},
        {"overlong slash", "\xC1\xAF", false},
        {"overlong in three bytes", "\xE0\x9F\xBF", false},
        {"first surrogate", "\xED\xA0\x80", false},
        {"last surrogate", "\xED\xBF\xBF", false},
        {"overlong in four bytes", "\xF0\x8F\xBF\xBF", false},
        {"past the last", "\xF4\x90\x80\x80", false},
        {"lead past the last", "\xF5\x80\x80\x80", false},
        {"lead of five bytes", "\xF8\x88\x80\x80", false},
        {"five bytes", "\xF8\x88\x80\x80\x80", false},
        {"four continuations", "\x80\x80\x80\x80", false},
        {"overlong lead and three continuations", "\xC0\x80\x80\x80", false},
        {"0xFE", "\xFE", false},
        {"0xFF", "\xFF", false},
        {"two bytes cut off", "\xC3", false},
        {"three bytes cut off", "\xE2\x82", false},
        {"four bytes cut off", "\xF0\x9F\x98", false},
        {"lead before lead", "\xC3\xC3\xA9", false},
        {"lead before ASCII", "\xE2\x82z", false},
        {"third byte wrong", "\xF0\x9F\x41\x80", false},
        {"Latin-1", "caf\xE9", false},
        {"bad at the very end", "all good\xC3", false},
    };
    for (const auto& c : cases) {
        INFO(c.name);
        CHECK(domain::is_utf8(c.text) == c.good);
        // Good text is left alone but for a zero byte, other text becomes good.
        const auto stored = domain::storable_text(std::string{c.text});
        CHECK(domain::is_utf8(stored));
        CHECK((stored == c.text) == (c.good && c.text.find('\0') == std::string_view::npos));
    }
}

TEST_CASE("what is not UTF-8 is replaced byte by byte, the rest is kept")
{
    CHECK(
        domain::storable_text("a\xFF"
                              "b") == "a\xEF\xBF\xBD"
                                      "b"
    );
    CHECK(domain::storable_text("\xE2\x82") == "\xEF\xBF\xBD\xEF\xBF\xBD");
    CHECK(domain::storable_text("caf\xE9 \xC3\xA9") == "caf\xEF\xBF\xBD \xC3\xA9");
}

TEST_CASE("a zero byte, which PostgreSQL cannot store, is replaced")
{
    using namespace std::string_literals;
    CHECK(
        domain::storable_text("a\0b\0"s) == "a\xEF\xBF\xBD"
                                            "b\xEF\xBF\xBD"
    );
}

TEST_CASE("text up to the limit is kept whole")
{
    for (const auto size : {std::size_t{0}, std::size_t{1}, domain::text_limit - 1, domain::text_limit}) {
        const std::string text(size, 'x');
        CHECK((domain::storable_text(text) == text));
    }
}

TEST_CASE("longer text is cut to the limit and ends in a marker")
{
    for (const auto size : {domain::text_limit + 1, 10 * domain::text_limit}) {
        const auto stored = domain::storable_text(std::string(size, 'x'));
        CHECK(stored.size() == domain::text_limit);
        CHECK((stored == std::string(domain::text_limit - marker.size(), 'x') + std::string{marker}));
    }
}

TEST_CASE("a cut goes between two characters, wherever it falls")
{
    for (const auto character : {"\xC3\xA9"sv, "\xE2\x82\xAC"sv, "\xF0\x9F\x98\x80"sv}) {
        for (std::size_t shift = 0; shift < character.size(); ++shift) {
            const auto stored =
                domain::storable_text(std::string(shift, 'x') + repeated(character, domain::text_limit));
            CHECK(domain::is_utf8(stored));
            CHECK(stored.ends_with(marker));
            CHECK(stored.size() <= domain::text_limit);
            CHECK(stored.size() > domain::text_limit - character.size());
            const auto kept = std::string_view{stored}.substr(shift, stored.size() - shift - marker.size());
            CHECK((kept == repeated(character, kept.size() / character.size())));
        }
    }
}

TEST_CASE("text that grows when it is repaired is cut too")
{
    for (const auto size :
         {domain::text_limit / 3 + 1, domain::text_limit, domain::text_limit + 1, 5 * domain::text_limit}) {
        const auto stored = domain::storable_text(std::string(size, '\xFF'));
        CHECK(stored.size() <= domain::text_limit);
        CHECK(stored.size() > domain::text_limit - marker.size());
        CHECK(stored.ends_with(marker));
        CHECK(domain::is_utf8(stored));
    }
    const auto whole = domain::storable_text(std::string(domain::text_limit / 3, '\xFF'));
    CHECK((whole == repeated("\xEF\xBF\xBD", domain::text_limit / 3)));
}

TEST_CASE("a time is written in UTC, to the millisecond")
{
    using namespace std::chrono_literals;
    using std::chrono::sys_days;
    using std::chrono::year;
    const time_point midnight = sys_days{year{2030} / 1 / 31};
    CHECK(domain::utc_text(midnight) == "2030-01-31T00:00:00.000Z");
    CHECK(domain::utc_text(midnight + 23h + 9min + 8s + 7ms) == "2030-01-31T23:09:08.007Z");
    CHECK(domain::utc_text(time_point{}) == "1970-01-01T00:00:00.000Z");
    CHECK(domain::utc_text(time_point{} - 1ms) == "1969-12-31T23:59:59.999Z");
    CHECK(domain::utc_text(sys_days{year{2028} / 2 / 29}) == "2028-02-29T00:00:00.000Z");
}

TEST_SUITE_END();
