// Payloads and results: what is accepted can be read back, what cannot be decoded says so.
#include <cofila/codec.hpp>

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>

#include <map>
#include <optional>
#include <string>
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
void decode_and_back(std::string_view text)
{
    fuzz::succeeds_or(errc::payload_undecodable, [&] {
        const auto again = encode(decode<T>(text));
        (void)decode<T>(again);
    });
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const auto text = fuzz::text_of(data, size);
    decode_and_back<letter>(text);
    if (fuzz::succeeds_or(errc::invalid_argument, [&] { domain::check_json("data", text, no_limit); })) {
        fuzz::require(domain::is_utf8(text), "what is stored is UTF-8");
        domain::check_json("data", encode(decode<boost::json::value>(text)), no_limit);
        decode_and_back<std::vector<std::string>>(text);
    }
    return 0;
}
