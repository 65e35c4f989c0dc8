#include "domain/generated_id.hpp"

#include <algorithm>
#include <array>
#include <limits>

namespace cofila::domain {

namespace {

constexpr std::string_view hex_digits = "0123456789abcdef";

constexpr int no_digit = 16;

/// The value of each character as a digit.
constexpr auto digit_values = [] {
    std::array<std::uint8_t, std::numeric_limits<unsigned char>::max() + 1> out{};
    out.fill(no_digit);
    for (std::size_t value = 0; value < hex_digits.size(); ++value)
        out[static_cast<unsigned char>(hex_digits[value])] = static_cast<std::uint8_t>(value);
    return out;
}();

constexpr int value_of(char digit) { return digit_values[static_cast<unsigned char>(digit)]; }

/// Where the digits of each byte of a UUID are in its text.
constexpr std::size_t places[] = {0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34};
constexpr std::size_t key_bytes = 6;

void put_byte(std::string& text, std::size_t at, char byte)
{
    const auto value = static_cast<unsigned char>(byte);
    text[at] = hex_digits[value >> 4];
    text[at + 1] = hex_digits[value & 0xF];
}

bool is_of_version_8(std::string_view text)
{
    return text.size() == 36 && text[14] == '8' && std::string_view{"89ab"}.find(text[19]) != std::string_view::npos;
}

}  // namespace

std::string to_hex(std::string_view bytes)
{
    std::string out(2 * bytes.size(), '0');
    for (std::size_t i = 0; i < bytes.size(); ++i)
        put_byte(out, 2 * i, bytes[i]);
    return out;
}

std::string from_hex(std::string_view text)
{
    if (text.size() % 2 != 0)
        return {};
    std::string out(text.size() / 2, '\0');
    for (std::size_t i = 0; i < out.size(); ++i) {
        const int high = value_of(text[2 * i]);
        const int low = value_of(text[2 * i + 1]);
        if (high == no_digit || low == no_digit)
            return {};
        out[i] = static_cast<char>(high << 4 | low);
    }
    return out;
}

std::string generated_id::text() const
{
    std::string out(36, '-');
    for (std::size_t i = 0; i < key_bytes; ++i)
        put_byte(out, places[i], static_cast<char>(key >> (40 - 8 * i) & 0xFF));
    for (std::size_t i = 0; i < random.size(); ++i)
        put_byte(out, places[key_bytes + i], random[i]);
    return out;
}

std::optional<generated_id> parse_generated_id(std::string_view text)
{
    if (!is_of_version_8(text))
        return {};
    const auto byte = [&](std::size_t i) { return value_of(text[places[i]]) << 4 | value_of(text[places[i] + 1]); };
    generated_id out;
    for (std::size_t i = 0; i < key_bytes; ++i)
        out.key = out.key << 8 | (byte(i) & 0xFF);
    for (std::size_t i = 0; i < out.random.size(); ++i)
        out.random[i] = static_cast<char>(byte(key_bytes + i));
    return out.text() == text ? std::optional{out} : std::nullopt;
}

std::string key_part(std::int64_t key)
{
    constexpr std::size_t length = 13;  // 12 digits and a hyphen
    auto out = make_generated_id(key, {}).text();
    out.resize(length);
    return out;
}

std::int64_t first_key_at(std::string_view text)
{
    std::int64_t low = 0;
    for (std::int64_t high = most_keys; low < high;) {
        const auto middle = low + (high - low) / 2;
        const auto part = key_part(middle);
        const bool before = part < text.substr(0, part.size());
        (before ? low : high) = before ? middle + 1 : middle;
    }
    return low;
}

random_id_part make_random_part(std::uint64_t high, std::uint64_t low)
{
    constexpr std::uint64_t version = 8, variant = 2;
    high = version << 12 | (high & 0xFFF);
    low = variant << 62 | (low & ((std::uint64_t{1} << 62) - 1));
    random_id_part out{};
    for (std::size_t i = 0; i < out.size(); ++i)
        out[i] = static_cast<char>((i < 2 ? high >> (8 - 8 * i) : low >> (72 - 8 * i)) & 0xFF);
    return out;
}

void assign_key(job_record& job, std::int64_t key)
{
    job.key = key;
    if (job.random)
        job.id = generated_id{.key = key, .random = *job.random}.text();
}

generated_id make_generated_id(std::int64_t key, std::string_view random)
{
    generated_id out{.key = key};
    if (random.size() == out.random.size())
        std::ranges::copy(random, out.random.begin());
    return out;
}

}  // namespace cofila::domain
