#include "file_name.hpp"

#include <cstddef>
#include <cstdint>
#include <stdexcept>

namespace sample {

namespace {

std::uint32_t byte_at(std::string_view text, std::size_t at) { return static_cast<std::uint8_t>(text[at]); }

/// How many bytes of UTF-8 the first byte announces; 0 if it begins no character.
std::size_t announced_length(std::uint32_t first)
{
    if (first < 0x80)
        return 1;
    if (first < 0xC2 || first > 0xF4)
        return 0;
    return first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
}

/// The length of the character that `text` begins with; 0 if it is not UTF-8 or not fit to be shown.
std::size_t plain_length(std::string_view text)
{
    const auto first = byte_at(text, 0);
    const auto length = announced_length(first);
    if (length == 0 || length > text.size())
        return 0;
    auto character = length == 1 ? first : first & (0xFFu >> (length + 1));
    for (std::size_t at = 1; at < length; ++at) {
        if ((byte_at(text, at) & 0xC0u) != 0x80)
            return 0;
        character = character << 6 | (byte_at(text, at) & 0x3Fu);
    }
    const bool control = character < 0x20 || (character >= 0x7F && character < 0xA0);
    const bool overlong = (length == 3 && character < 0x800) || (length == 4 && character < 0x10000);
    const bool invalid = (character >= 0xD800 && character < 0xE000) || character > 0x10FFFF;
    return control || overlong || invalid || character == '%' ? 0 : length;
}

std::uint32_t digit(char c)
{
    if (c >= '0' && c <= '9')
        return static_cast<std::uint32_t>(c - '0');
    if (c >= 'A' && c <= 'F')
        return static_cast<std::uint32_t>(c - 'A') + 10;
    throw std::runtime_error("not an encoded file name");
}

}  // namespace

std::string encode_name(std::string_view bytes)
{
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string out;
    while (!bytes.empty()) {
        const auto plain = plain_length(bytes);
        if (plain > 0)
            out += bytes.substr(0, plain);
        else
            out.append({'%', digits[byte_at(bytes, 0) >> 4], digits[byte_at(bytes, 0) & 0xF]});
        bytes.remove_prefix(plain > 0 ? plain : 1);
    }
    return out;
}

std::string decode_name(std::string_view text)
{
    std::string out;
    while (!text.empty()) {
        const bool plain = text[0] != '%';
        if (!plain && text.size() < 3)
            throw std::runtime_error("not an encoded file name");
        out += plain ? text[0] : static_cast<char>(digit(text[1]) << 4 | digit(text[2]));
        text.remove_prefix(plain ? 1 : 3);
    }
    return out;
}

}  // namespace sample
