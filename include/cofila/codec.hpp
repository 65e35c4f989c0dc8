#pragma once
#include <cofila/decoding.hpp>
#include <cofila/detail/json_quick.hpp>
#include <cofila/detail/json_read.hpp>
#include <cofila/detail/json_write.hpp>
#include <cofila/error.hpp>

#include <boost/json/value.hpp>

#include <concepts>
#include <string>
#include <string_view>

namespace cofila {

/// A payload or result that is JSON text already. It is stored and delivered as it is, digit for digit.
struct raw_json {
    std::string text{};

    friend bool operator==(const raw_json&, const raw_json&) = default;
};

/// Converts a payload or result to JSON text; `decode` converts it back. A struct that is described with Boost.Describe
/// becomes an object, a described enum its name. Types of the standard library are converted too, also with such types
/// in them; everything else is left to Boost.JSON (`tag_invoke`). The documentation's page about payloads has the whole
/// table.
///
/// Throws `errc::invalid_argument` naming the path for a value that could not be read back: a described enum that has
/// none of its named values, a time outside of the years 0 to 9999, a path that is not UTF-8, more than 64 levels.
template <class T>
std::string encode(const T& value);

/// Converts JSON text back. Throws `errc::payload_undecodable` naming the path, as in `$.to[2]: value is not a string`.
template <class T>
T decode(std::string_view text, decoding how = decoding::lenient);

template <class T>
std::string encode(const T& value)
{
    if constexpr (std::same_as<T, raw_json>) {
        return value.text;
    } else {
        std::string out;
        if constexpr (detail::described_struct<T>)
            out.reserve(128);  // most are longer than half of this, and would grow to it in steps
        detail::write_json(out, value, {});
        return out;
    }
}

template <class T>
T decode(std::string_view text, decoding how)
{
    if constexpr (std::same_as<T, raw_json>) {
        return raw_json{.text = std::string{text}};
    } else if constexpr (std::same_as<T, boost::json::value>) {
        return detail::parse_payload(text);
    } else {
        if (auto out = detail::fresh<T>(); detail::read_quickly(text, how, out))
            return out;
        detail::scratch short_lived;
        const auto document = detail::parse_payload(text, short_lived.memory());
        auto out = detail::fresh<T>();
        detail::from_value(document, out, {.how = how});
        return out;
    }
}

namespace detail {

/// Encodes an argument; an error names it as `field`.
template <class T>
std::string encode_as(std::string_view field, const T& value)
{
    try {
        return encode(value);
    } catch (const error& e) {
        rethrow_as(field, e);
    }
}

}  // namespace detail
}  // namespace cofila
