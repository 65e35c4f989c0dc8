#include "domain/rfc3339.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstddef>

namespace cofila::domain {

namespace {

using std::chrono::days;
using std::chrono::sys_days;
using std::chrono::year_month_day;

constexpr int most_digits = 18;
constexpr std::int64_t day_seconds = 86'400;

std::string padded(std::int64_t number, int width)
{
    auto text = std::to_string(number);
    return std::string(static_cast<std::size_t>(std::max(0, width - static_cast<int>(text.size()))), '0') + text;
}

std::int64_t power_of_ten(int exponent)
{
    std::int64_t out = 1;
    for (int i = 0; i < exponent; ++i)
        out *= 10;
    return out;
}

/// Takes text from the left; if something is missing `good` becomes false.
class reader {
public:
    explicit reader(std::string_view text) : left_{text} {}

    bool good() const { return good_; }
    bool at_end() const { return left_.empty(); }

    bool take_one_of(std::string_view marks)
    {
        if (left_.empty() || marks.find(left_.front()) == std::string_view::npos)
            return false;
        left_.remove_prefix(1);
        return true;
    }
    void expect_one_of(std::string_view marks) { good_ = take_one_of(marks) && good_; }

    std::int64_t number(std::size_t width)
    {
        const auto digits = left_.substr(0, width);
        good_ = good_ && digits.size() == width && std::ranges::all_of(digits, is_digit);
        std::int64_t out = 0;
        std::from_chars(digits.data(), digits.data() + digits.size(), out);
        left_.remove_prefix(digits.size());
        return out;
    }
    std::size_t digits_ahead() const
    {
        return static_cast<std::size_t>(std::ranges::find_if_not(left_, is_digit) - left_.begin());
    }
    bool is_negative() const { return !left_.empty() && left_.front() == '-'; }

private:
    static bool is_digit(char c) { return c >= '0' && c <= '9'; }

    std::string_view left_;
    bool good_ = true;
};

std::optional<std::int64_t> read_date(reader& from)
{
    const std::chrono::year year{static_cast<int>(from.number(4))};
    from.expect_one_of("-");
    const std::chrono::month month{static_cast<unsigned>(from.number(2))};
    from.expect_one_of("-");
    const std::chrono::day day{static_cast<unsigned>(from.number(2))};
    const year_month_day date{year, month, day};
    if (!from.good() || !date.ok())
        return {};
    return sys_days{date}.time_since_epoch().count() * day_seconds;
}

/// Hours and minutes, in seconds.
std::optional<std::int64_t> read_minutes(reader& from)
{
    const auto hours = from.number(2);
    from.expect_one_of(":");
    const auto minutes = from.number(2);
    if (!from.good() || hours > 23 || minutes > 59)
        return {};
    return hours * 3600 + minutes * 60;
}

std::optional<std::int64_t> read_fraction(reader& from)
{
    if (!from.take_one_of("."))
        return 0;
    const auto digits = from.digits_ahead();
    if (digits < 1 || digits > most_digits)
        return {};
    return from.number(digits) * power_of_ten(most_digits - static_cast<int>(digits));
}

/// How far the offset is ahead of UTC, in seconds.
std::optional<std::int64_t> read_offset(reader& from)
{
    if (from.take_one_of("Zz"))
        return 0;
    const bool behind = from.is_negative();
    from.expect_one_of("+-");
    const auto size = read_minutes(from);
    return size && behind ? -*size : size;
}

}  // namespace

std::optional<std::string> rfc3339(instant when, int digits)
{
    // Far beyond those years, and near enough that nothing overflows.
    constexpr std::int64_t far = 400'000'000'000;
    if (when.seconds < -far || when.seconds > far)
        return {};
    const auto day = std::chrono::floor<days>(std::chrono::sys_seconds{std::chrono::seconds{when.seconds}});
    const year_month_day date{day};
    const auto year = static_cast<int>(date.year());
    if (year < 0 || year > 9999)
        return {};
    const auto second = when.seconds - day.time_since_epoch().count() * day_seconds;
    auto text = padded(year, 4) + "-" + padded(static_cast<unsigned>(date.month()), 2) + "-" +
                padded(static_cast<unsigned>(date.day()), 2) + "T" + padded(second / 3600, 2) + ":" +
                padded(second / 60 % 60, 2) + ":" + padded(second % 60, 2);
    if (digits > 0)
        text += "." + padded(when.attoseconds / power_of_ten(most_digits - digits), digits);
    return text + "Z";
}

std::optional<instant> from_rfc3339(std::string_view text)
{
    reader from{text};
    const auto date = read_date(from);
    from.expect_one_of("Tt ");
    const auto minutes = read_minutes(from);
    from.expect_one_of(":");
    const auto seconds = from.number(2);
    const auto fraction = read_fraction(from);
    const auto offset = read_offset(from);
    if (!date || !minutes || !fraction || !offset || seconds > 59 || !from.good() || !from.at_end())
        return {};
    return instant{.seconds = *date + *minutes + seconds - *offset, .attoseconds = *fraction};
}

}  // namespace cofila::domain
