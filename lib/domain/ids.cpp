#include "domain/ids.hpp"

namespace cofila::domain {

namespace {

constexpr char digits[] = "0123456789abcdef";

void put_hex(char* out, std::uint64_t value, int count)
{
    for (int i = count - 1; i >= 0; --i, value >>= 4)
        out[i] = digits[value & 0xF];
}

}  // namespace

std::string to_text(const lock_token& token)
{
    std::string text(32, '0');
    put_hex(text.data(), token.high, 16);
    put_hex(text.data() + 16, token.low, 16);
    return text;
}

}  // namespace cofila::domain
