#include "domain/generated_id.hpp"

#include <algorithm>

namespace cofila::domain {

namespace {

constexpr std::string_view hex_digits = "0123456789abcdef";
constexpr std::size_t dashes[] = {8, 13, 18, 23};

constexpr int no_digit = 16;

constexpr int value_of(char digit)
{
    return digit >= '0' && digit <= '9' ? digit - '0' : digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : no_digit;
}

std::string without_dashes(std::string_view text)
{
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i)
        if (std::ranges::find(dashes, i) == std::end(dashes))
            out += text[i];
    return out;
}

bool has_form(std::string_view text)
{
    return text.size() == 36 && text[14] == '8' && std::string_view{"89ab"}.find(text[19]) != std::string_view::npos &&
           std::ranges::all_of(dashes, [&](std::size_t at) { return text[at] == '-'; });
}

}  // namespace

std::string to_hex(std::string_view bytes)
{
    std::string out(2 * bytes.size(), '0');
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        const auto value = static_cast<unsigned char>(bytes[i]);
        out[2 * i] = hex_digits[value >> 4];
        out[2 * i + 1] = hex_digits[value & 0xF];
    }
    return out;
}

std::string from_hex(std::string_view text)
{
    std::string out(text.size() / 2, '\0');
    for (std::size_t i = 0; i < out.size(); ++i) {
        const int high = value_of(text[2 * i]);
        const int low = value_of(text[2 * i + 1]);
        if (high == no_digit || low == no_digit)
            return {};
        out[i] = static_cast<char>(high << 4 | low);
    }
    return text.size() % 2 == 0 ? out : std::string{};
}

std::string generated_id::text() const
{
    std::string bytes;
    for (int shift = 40; shift >= 0; shift -= 8)
        bytes += static_cast<char>(key >> shift & 0xFF);
    bytes.append(random.begin(), random.end());
    auto out = to_hex(bytes);
    for (const auto at : dashes)
        out.insert(at, 1, '-');
    return out;
}

std::optional<generated_id> parse_generated_id(std::string_view text)
{
    if (!has_form(text))
        return {};
    const auto bytes = from_hex(without_dashes(text));
    if (bytes.size() != 16)
        return {};
    std::int64_t key = 0;
    for (const char byte : bytes.substr(0, 6))
        key = key << 8 | static_cast<unsigned char>(byte);
    return make_generated_id(key, std::string_view{bytes}.substr(6));
}

generated_id make_generated_id(std::int64_t key, std::string_view random)
{
    generated_id out{.key = key};
    if (random.size() == out.random.size())
        std::ranges::copy(random, out.random.begin());
    return out;
}

}  // namespace cofila::domain
