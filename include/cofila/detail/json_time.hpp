#pragma once
#include <cofila/detail/json_path.hpp>

#include <chrono>
#include <concepts>
#include <cstdint>
#include <string>
#include <utility>

/// Points in time as the codec writes them. Not part of the interface.
namespace cofila::detail {

/// The resolution of one type of time point, in whole numbers.
template <class Time>
struct time_scale {
    using rep = typename Time::rep;
    using period = typename Time::period;

    static_assert(
        std::same_as<typename Time::clock, std::chrono::system_clock>,
        "cofila stores times of the system clock only (std::chrono::sys_time): those of other clocks mean nothing in "
        "another process"
    );
    static_assert(
        std::integral<rep>, "cofila stores times in whole units: use a std::chrono::sys_time with an integral count"
    );

    static constexpr int digits = [] {
        int out = 0;
        for (auto rest = period::den; rest % 10 == 0; rest /= 10)
            ++out;
        return out;
    }();
    static constexpr std::int64_t per_second = [] {
        std::int64_t out = 1;
        for (int i = 0; i < digits; ++i)
            out *= 10;
        return out;
    }();
    static_assert(
        period::den == per_second && (period::num == 1 || period::den == 1),
        "cofila stores times whose unit is a whole number of seconds, or a tenth, hundredth, thousandth ... of one"
    );
};

template <class Time>
std::string time_text(const Time& time, const json_path& path)
{
    using scale = time_scale<Time>;
    constexpr std::int64_t unit = scale::period::num;
    constexpr std::int64_t beyond = std::int64_t{400'000'000'000} / unit;  // no year of RFC 3339 is this far from 1970
    const auto count = time.time_since_epoch().count();
    const auto units = static_cast<std::int64_t>(count);
    if (!std::in_range<std::int64_t>(count) || (scale::digits == 0 && (units > beyond || units < -beyond)))
        unencodable(path, "is outside of the years 0 to 9999");
    auto seconds = units / scale::per_second;
    auto fraction = units % scale::per_second;
    if (fraction < 0) {
        --seconds;
        fraction += scale::per_second;
    }
    return moment_text({.seconds = seconds * unit, .fraction = fraction}, scale::digits, path);
}

template <class Time>
Time read_time(const boost::json::value& source, const json_path& path)
{
    using scale = time_scale<Time>;
    auto when = read_moment(source, scale::digits, path);
    if (when.seconds % scale::period::num != 0)
        undecodable(path, "time is finer than its type holds");
    if (when.seconds < 0 && when.fraction > 0) {  // towards 0, so that the earliest time does not overflow on the way
        ++when.seconds;
        when.fraction -= scale::per_second;
    }
    typename scale::rep count{};
    if (__builtin_mul_overflow(when.seconds / scale::period::num, scale::per_second, &count) ||
        __builtin_add_overflow(count, when.fraction, &count))
        undecodable(path, "time does not fit");
    return Time{typename Time::duration{count}};
}

}  // namespace cofila::detail
