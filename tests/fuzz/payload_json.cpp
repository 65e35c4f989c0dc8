// Payloads and results: what is accepted can be read back, what cannot be decoded says so.
#include <cofila/codec.hpp>

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>

#include <array>
#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <variant>
#include <vector>

#include "domain/json_text.hpp"
#include "domain/text.hpp"
#include "fuzz/input.hpp"

using namespace cofila;

namespace {

enum class color { red, green };
BOOST_DESCRIBE_ENUM(color, red, green)

struct line {
    std::string text{};
    std::optional<double> width{};
    color ink = color::red;
};
BOOST_DESCRIBE_STRUCT(line, (), (text, width, ink))

struct stamp {
    std::string text{};
    color ink = color::green;
};
BOOST_DESCRIBE_STRUCT(stamp, (), (text, ink))

struct postmark {
    std::chrono::milliseconds late{};
    std::chrono::sys_time<std::chrono::nanoseconds> at{};
    std::chrono::sys_days day{};
    std::filesystem::path picture{};
    std::variant<std::monostate, stamp, std::int16_t> what{};
    std::array<std::int8_t, 2> place{};
    std::tuple<bool, stamp> more{};
    std::set<std::string> stamps{};
    std::unique_ptr<postmark> below{};
};
BOOST_DESCRIBE_STRUCT(postmark, (), (late, at, day, picture, what, place, more, stamps, below))

struct letter {
    std::int8_t pages = 0;
    std::uint64_t number = 0;
    bool sent = false;
    std::vector<line> lines{};
    std::map<std::string, std::vector<int>> marks{};
    boost::json::value more{};
};
BOOST_DESCRIBE_STRUCT(letter, (), (pages, number, sent, lines, marks, more))

constexpr std::size_t no_limit = std::size_t{1} << 30;

template <class T>
void decode_and_back(std::string_view text, decoding how = decoding::lenient)
{
    fuzz::succeeds_or(errc::payload_undecodable, [&] {
        const auto again = encode(decode<T>(text, how));
        (void)decode<T>(again, decoding::strict);
    });
}

/// Without numbers that the parser may round. The offset of a time may put it outside of the years that can be written.
void decode_and_back_exactly(std::string_view text)
{
    fuzz::succeeds_or(errc::payload_undecodable, [&] {
        const auto read = decode<postmark>(text);
        fuzz::succeeds_or(errc::invalid_argument, [&] {
            const auto written = encode(read);
            fuzz::require(encode(decode<postmark>(written, decoding::strict)) == written, "it is read as it was");
        });
    });
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const auto text = fuzz::text_of(data, size);
    decode_and_back<letter>(text);
    decode_and_back<letter>(text, decoding::strict);
    decode_and_back_exactly(text);
    if (fuzz::succeeds_or(errc::invalid_argument, [&] { domain::check_json("data", text, no_limit); })) {
        fuzz::require(domain::is_utf8(text), "what is stored is UTF-8");
        domain::check_json("data", encode(decode<boost::json::value>(text)), no_limit);
        decode_and_back<std::vector<std::string>>(text);
    }
    return 0;
}
