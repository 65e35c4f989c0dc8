#pragma once
// How doctest shows our values. Include it instead of <doctest/doctest.h>.
#include <cofila/repository/job_repository.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <cstddef>
#include <optional>
#include <ostream>
#include <sstream>
#include <string>
#include <vector>

namespace cofila {

inline std::ostream& operator<<(std::ostream& out, settled value)
{
    switch (value) {
    case settled::accepted:
        return out << "accepted";
    case settled::already:
        return out << "already";
    case settled::cancelled:
        return out << "cancelled";
    case settled::lost:
        return out << "lost";
    }
    return out << "unknown";
}

inline std::ostream& operator<<(std::ostream& out, transition::placement value)
{
    switch (value) {
    case transition::placement::keep:
        return out << "keep";
    case transition::placement::tail:
        return out << "tail";
    case transition::placement::head:
        return out << "head";
    }
    return out << "unknown";
}

inline std::ostream& operator<<(std::ostream& out, const job_counts& c)
{
    return out << c.waiting << " waiting, " << c.delayed << " delayed, " << c.active << " active, "
               << c.waiting_children << " waiting_children, " << c.completed << " completed, " << c.failed << " failed";
}

inline std::ostream& operator<<(std::ostream& out, const failure& f)
{
    return out << '"' << f.message << "\" of type \"" << f.type << "\", detail \"" << f.detail << '"'
               << (f.unrecoverable ? ", unrecoverable" : "");
}

inline std::ostream& operator<<(std::ostream& out, const attempt& a)
{
    return out << "attempt " << a.number << " by \"" << a.worker << "\" at " << a.at.time_since_epoch().count()
               << " ms: " << a.error;
}

inline std::ostream& operator<<(std::ostream& out, const log_line& line)
{
    return out << line.at.time_since_epoch().count() << " ms: \"" << line.text << '"';
}

}  // namespace cofila

namespace doctest {

template <class Rep, class Period>
struct StringMaker<std::chrono::duration<Rep, Period>> {
    static String convert(const std::chrono::duration<Rep, Period>& value)
    {
        std::ostringstream out;
        out << value.count();
        if constexpr (std::is_same_v<Period, std::milli>)
            out << " ms";
        else if constexpr (std::is_same_v<Period, std::ratio<1>>)
            out << " s";
        else
            out << " * " << Period::num << '/' << Period::den << " s";
        return out.str().c_str();
    }
};

template <class Clock, class Duration>
struct StringMaker<std::chrono::time_point<Clock, Duration>> {
    static String convert(const std::chrono::time_point<Clock, Duration>& value)
    {
        return String{"@"} + toString(value.time_since_epoch());
    }
};

template <class T>
struct StringMaker<std::optional<T>> {
    static String convert(const std::optional<T>& value) { return value ? toString(*value) : String{"nothing"}; }
};

template <>
struct StringMaker<std::nullopt_t> {
    static String convert(std::nullopt_t) { return "nothing"; }
};

template <class T>
struct StringMaker<std::vector<T>> {
    static String convert(const std::vector<T>& values)
    {
        String out{"["};
        for (std::size_t i = 0; i < values.size(); ++i) {
            if (i > 0)
                out += ", ";
            const T value = values[i];
            out += toString(value);
        }
        return out + "]";
    }
};

}  // namespace doctest
