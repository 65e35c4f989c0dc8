#include "domain/ids.hpp"

#include <algorithm>
#include <array>

namespace cofila::domain {

namespace {

constexpr char digits[] = "0123456789abcdef";
constexpr std::uint16_t sequences = 1u << 12;  // the 12 bits after the version

void put_hex(char* out, std::uint64_t value, int count)
{
    for (int i = count - 1; i >= 0; --i, value >>= 4)
        out[i] = digits[value & 0xF];
}

}  // namespace

std::string uuid_v7(time_point now, std::uint16_t sequence, std::uint64_t random)
{
    const auto ms = static_cast<std::uint64_t>(std::max<std::int64_t>(0, now.time_since_epoch().count()));
    std::string text(36, '-');
    put_hex(text.data(), ms >> 16, 8);
    put_hex(text.data() + 9, ms & 0xFFFF, 4);
    put_hex(text.data() + 14, 0x7000u | (sequence & 0x0FFFu), 4);
    put_hex(text.data() + 19, 0x8000u | ((random >> 48) & 0x3FFFu), 4);
    put_hex(text.data() + 24, random & 0xFFFF'FFFF'FFFFu, 12);
    return text;
}

std::string to_text(const lock_token& token)
{
    std::string text(32, '0');
    put_hex(text.data(), token.high, 16);
    put_hex(text.data() + 16, token.low, 16);
    return text;
}

std::string id_maker::next(time_point now, std::uint64_t random)
{
    if (now > last_) {
        last_ = now;
        sequence_ = 0;
    } else if (++sequence_ == sequences) {
        last_ += milliseconds{1};  // ahead of the clock for a moment, rather than out of order
        sequence_ = 0;
    }
    return uuid_v7(last_, sequence_, random);
}

}  // namespace cofila::domain
