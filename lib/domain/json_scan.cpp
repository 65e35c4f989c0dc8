#include <cofila/detail/json_scan.hpp>

#include <algorithm>
#include <bit>
#include <cstring>

namespace cofila::detail {

namespace {

/// Whether the character stands for itself in a JSON string: ASCII, but no control character, quote or backslash.
bool is_plain(char c) noexcept { return static_cast<signed char>(c) >= 0x20 && c != '"' && c != '\\'; }

/// How many of eight characters do so before the first that does not. A byte that does not is marked by its highest
/// bit; wrong marks stand only above a right one.
std::size_t plain_of_eight(const char* from) noexcept
{
    constexpr std::uint64_t each = 0x0101010101010101;
    std::uint64_t bytes{};
    std::memcpy(&bytes, from, sizeof bytes);
    const auto has_zero = [](std::uint64_t in) { return (in - each) & ~in; };
    const auto odd = bytes | (bytes - each * 0x20) | has_zero(bytes ^ each * '"') | has_zero(bytes ^ each * '\\');
    const auto marks = odd & each * 0x80;
    if (marks == 0 || std::endian::native == std::endian::little)
        return static_cast<std::size_t>(std::countr_zero(marks)) / 8;
    return static_cast<std::size_t>(std::find_if_not(from, from + sizeof bytes, is_plain) - from);
}

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

/// The levels of objects and arrays that are open.
class nesting {
public:
    bool empty() const noexcept { return depth_ == 0; }
    bool in_object() const noexcept { return (objects_ & 1) != 0; }
    bool opens(json_scan& in) noexcept
    {
        if (depth_ == 63)
            return false;
        const bool object = in.pass('{');
        if (!object && !in.pass('['))
            return false;
        objects_ = objects_ << 1 | std::uint64_t{object};
        ++depth_;
        return true;
    }
    bool closes(json_scan& in) noexcept
    {
        if (depth_ == 0 || !in.pass(in_object() ? '}' : ']'))
            return false;
        objects_ >>= 1;
        --depth_;
        return true;
    }

private:
    std::uint64_t objects_ = 0;  // a bit for each level, the innermost last: whether it is an object
    int depth_ = 0;
};

}  // namespace

std::size_t plain_length(std::string_view text) noexcept
{
    std::size_t length = 0;
    while (text.size() - length >= sizeof(std::uint64_t)) {
        const auto plain = plain_of_eight(text.data() + length);
        length += plain;
        if (plain < sizeof(std::uint64_t))
            return length;
    }
    while (length < text.size() && is_plain(text[length]))
        ++length;
    return length;
}

bool json_scan::pass_text(std::string_view& text) noexcept
{
    auto in = *this;
    if (!in.pass('"'))
        return false;
    text = in.rest_.substr(0, plain_length(in.rest_));
    in.rest_.remove_prefix(text.size());
    if (!in.pass('"'))
        return false;
    *this = in;
    return true;
}

bool json_scan::pass_number(std::int64_t& number) noexcept
{
    constexpr std::size_t most_digits = 18;  // any such number fits
    auto in = *this;
    const bool negative = in.pass('-');
    const auto text = in.rest_;
    number = 0;
    while (!in.at_end() && is_digit(in.rest_.front()) && text.size() - in.rest_.size() < most_digits) {
        number = number * 10 + (in.rest_.front() - '0');
        in.rest_.remove_prefix(1);
    }
    const auto digits = text.size() - in.rest_.size();
    const bool goes_on = !in.at_end() && std::string_view{",]}"}.find(in.rest_.front()) == std::string_view::npos;
    if (digits == 0 || (digits > 1 && text.front() == '0') || goes_on)
        return false;
    number = negative ? -number : number;
    *this = in;
    return true;
}

bool is_plain_json(std::string_view text) noexcept
{
    json_scan in{text};
    nesting levels;
    std::string_view any_text;
    std::int64_t any_number{};
    for (;;) {
        if (levels.opens(in)) {
            if (!levels.closes(in)) {
                if (levels.in_object() && !in.pass_key(any_text))
                    return false;
                continue;
            }
        } else if (!in.pass_text(any_text) && !in.pass_number(any_number) && !in.pass("null") && !in.pass("true") &&
                   !in.pass("false")) {
            return false;
        }
        while (levels.closes(in)) {}
        if (levels.empty())
            return in.at_end();
        if (!in.pass(',') || (levels.in_object() && !in.pass_key(any_text)))
            return false;
    }
}

}  // namespace cofila::detail
