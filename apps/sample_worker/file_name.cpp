#include "file_name.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <stdexcept>

namespace sample {

namespace {

int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    throw std::runtime_error("not an encoded file name");
}

}  // namespace

std::string encode_name(std::string_view bytes)
{
    std::string out;
    for (const char byte : bytes) {
        if (byte == '%' || static_cast<std::uint8_t>(byte) >= 0x80)
            out += fmt::format("%{:02X}", static_cast<std::uint8_t>(byte));
        else
            out += byte;
    }
    return out;
}

std::string decode_name(std::string_view text)
{
    std::string out;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] != '%') {
            out += text[at];
            continue;
        }
        if (at + 2 >= text.size())
            throw std::runtime_error("not an encoded file name");
        out += static_cast<char>(hex_digit(text[at + 1]) * 16 + hex_digit(text[at + 2]));
        at += 2;
    }
    return out;
}

}  // namespace sample
