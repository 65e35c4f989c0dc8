#pragma once
#include <cofila/codec.hpp>

#include <string>
#include <string_view>

#include "support/error_of.hpp"
#include "support/print.hpp"

namespace cofila::test {

template <class T>
T round_trip(const T& value)
{
    return decode<T>(encode(value));
}

/// Why `text` is no T.
template <class T>
std::string undecodable(std::string_view text)
{
    const auto e = error_of([&] { decode<T>(text); });
    CHECK(e.code == errc::payload_undecodable);
    return e.text;
}

/// Why `value` cannot be written.
template <class T>
std::string unencodable(const T& value)
{
    const auto e = error_of([&] { encode(value); });
    CHECK(e.code == errc::invalid_argument);
    return e.text;
}

}  // namespace cofila::test
