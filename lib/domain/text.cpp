#include "domain/text.hpp"

#include <cstdint>
#include <utility>

namespace cofila::domain {

namespace {

/// Bytes of the character at the start of `text`, or 0 where there is none (RFC 3629, table 3-7 of Unicode).
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

std::string repaired(std::string_view text)
{
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        const auto length = character_length(text);
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

std::string storable_text(std::string text)
{
    static constexpr std::string_view marker = " [cut]";
    bool cut = text.size() > text_limit;
    if (cut)
        text.resize(text_limit);
    if (!is_utf8(text))
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

}  // namespace cofila::domain
