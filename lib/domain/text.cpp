#include "domain/text.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <utility>

namespace cofila::domain {

namespace {

/// Bytes of the character at the start of `text`, or 0 if it is not UTF-8 (RFC 3629, table 3-7 of Unicode).
std::size_t character_length(std::string_view text) noexcept
{
    const auto byte = [&](std::size_t at) { return at < text.size() ? static_cast<std::uint8_t>(text[at]) : 0; };
    const auto follows = [&](std::size_t at) { return (byte(at) & 0xC0) == 0x80; };
    const auto first = byte(0);
    if (first < 0x80)
        return 1;
    if (first >= 0xC2 && first <= 0xDF)
        return follows(1) ? 2 : 0;
    if (first >= 0xE0 && first <= 0xEF) {
        const bool overlong = first == 0xE0 && byte(1) < 0xA0;
        const bool surrogate = first == 0xED && byte(1) > 0x9F;
        return !overlong && !surrogate && follows(1) && follows(2) ? 3 : 0;
    }
    if (first >= 0xF0 && first <= 0xF4) {
        const bool overlong = first == 0xF0 && byte(1) < 0x90;
        const bool beyond = first == 0xF4 && byte(1) > 0x8F;
        return !overlong && !beyond && follows(1) && follows(2) && follows(3) ? 4 : 0;
    }
    return 0;
}

/// The code point of the one character whose bytes are `character`; a single byte that is not UTF-8 stands for itself.
std::uint32_t code_point(std::string_view character) noexcept
{
    static constexpr std::uint32_t first_bits[] = {0, 0xFF, 0x1F, 0x0F, 0x07};
    std::uint32_t code = static_cast<std::uint8_t>(character.front()) & first_bits[character.size()];
    for (const char c : character.substr(1))
        code = code << 6 | (static_cast<std::uint8_t>(c) & 0x3Fu);
    return code;
}

bool is_control(std::uint32_t code) noexcept { return code < 0x20 || (code >= 0x7F && code < 0xA0); }

/// Whether it ends a line, or makes text look like other text.
bool turns_or_breaks(std::uint32_t code) noexcept
{
    return code == 0x061C || code == 0x200E || code == 0x200F || (code >= 0x2028 && code <= 0x202E) ||
           (code >= 0x2066 && code <= 0x2069);
}

void add_escaped(std::string& out, std::uint32_t code)
{
    static constexpr char digits[] = "0123456789ABCDEF";
    if (code == '\n') {
        out += "\\n";
        return;
    }
    out += code > 0xFF ? "\\u" : "\\x";
    for (int shift = code > 0xFF ? 12 : 4; shift >= 0; shift -= 4)
        out += digits[code >> shift & 0xF];
}

std::string repaired(std::string_view text)
{
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        const auto length = text.front() == '\0' ? 0 : character_length(text);
        out += length == 0 ? std::string_view{"\xEF\xBF\xBD"} : text.substr(0, length);
        text.remove_prefix(length == 0 ? 1 : length);
    }
    return out;
}

}  // namespace

bool is_utf8(std::string_view text) noexcept
{
    while (!text.empty()) {
        const auto length = character_length(text);
        if (length == 0)
            return false;
        text.remove_prefix(length);
    }
    return true;
}

bool has_control_characters(std::string_view text) noexcept
{
    while (!text.empty()) {
        const auto character = text.substr(0, std::max<std::size_t>(1, character_length(text)));
        if (is_control(code_point(character)))
            return true;
        text.remove_prefix(character.size());
    }
    return false;
}

std::string printable_text(std::string_view text)
{
    std::string out;
    const bool cut = text.size() > text_limit;
    for (text = text.substr(0, text_limit); !text.empty();) {
        const auto length = character_length(text);
        const auto character = text.substr(0, std::max<std::size_t>(1, length));
        const auto code = code_point(character);
        if (length == 0 || is_control(code) || turns_or_breaks(code))
            add_escaped(out, code);
        else
            out += character;
        text.remove_prefix(character.size());
    }
    return cut ? out + " [cut]" : out;
}

std::string storable_text(std::string text)
{
    static constexpr std::string_view marker = " [cut]";
    bool cut = text.size() > text_limit;
    if (cut)
        text.resize(text_limit);
    if (!is_utf8(text) || text.find('\0') != std::string::npos)
        text = repaired(text);  // may make it longer
    cut = cut || text.size() > text_limit;
    if (cut) {
        auto end = text_limit - marker.size();
        while (end > 0 && (static_cast<std::uint8_t>(text[end]) & 0xC0) == 0x80)
            --end;
        text.resize(end);
        text += marker;
    }
    return text;
}

std::string utc_text(time_point at)
{
    const auto day = std::chrono::floor<std::chrono::days>(at);
    const std::chrono::year_month_day date{day};
    const std::chrono::hh_mm_ss time{at - day};
    char out[80];
    std::snprintf(
        out,
        sizeof out,
        "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ",
        int{date.year()},
        unsigned{date.month()},
        unsigned{date.day()},
        static_cast<int>(time.hours().count()),
        static_cast<int>(time.minutes().count()),
        static_cast<int>(time.seconds().count()),
        static_cast<int>(time.subseconds().count())
    );
    return out;
}

}  // namespace cofila::domain
