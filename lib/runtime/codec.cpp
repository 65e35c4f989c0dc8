#include <cofila/codec.hpp>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <type_traits>
#include <utility>

#include "domain/json_text.hpp"
#include "domain/rfc3339.hpp"
#include "domain/text.hpp"

namespace cofila::detail {

namespace json = boost::json;

static_assert(json_path::most_levels == domain::json_depth);

namespace {

std::int64_t attoseconds_per(int digits)
{
    std::int64_t out = 1;
    for (int i = digits; i < 18; ++i)
        out *= 10;
    return out;
}

/// Reads doubles to the last digit. Older versions of Boost.JSON have no such option.
template <class Options>
void read_precisely(Options& options)
{
    if constexpr (requires { options.numbers; })
        options.numbers = std::remove_cvref_t<decltype(options.numbers)>::precise;
}

/// Writes a character of a string that may need an escape.
void write_character(std::string& out, char c)
{
    static constexpr std::string_view letters = "btn_fr";  // of the characters from 8 on; that of 11 has none
    static constexpr std::string_view digits = "0123456789abcdef";
    const auto code = static_cast<unsigned char>(c);
    if (code >= 0x80) {
        out += c;
    } else if (code >= 0x20) {
        out += {'\\', c};
    } else if (code >= 8 && code <= 13 && code != 11) {
        out += {'\\', letters[code - 8u]};
    } else {
        out += "\\u00";
        out += {digits[code / 16], digits[code % 16]};
    }
}

void check_levels(const json::value& value, const json_path& path)
{
    if (!value.is_structured())
        return;
    path.open();
    if (const auto* object = value.if_object())
        for (const auto& member : *object)
            check_levels(member.value(), path.member({member.key().data(), member.key().size()}));
    else
        for (std::size_t i = 0; i < value.get_array().size(); ++i)
            check_levels(value.get_array()[i], path.element(i));
}

template <class Number>
void write_digits(std::string& out, Number number)
{
    std::array<char, 24> text;
    const auto written = std::to_chars(text.data(), text.data() + text.size(), number);
    out.append(text.data(), written.ptr);
}

}  // namespace

std::string json_path::str() const
{
    if (!parent)
        return "$";
    if (!name)
        return parent->str() + "[" + std::to_string(index) + "]";
    return parent->str() + "." + std::string{*name};
}

void undecodable(const json_path& path, std::string_view why)
{
    throw error{errc::payload_undecodable, path.str() + ": " + std::string{why}};
}

void unencodable(const json_path& path, std::string_view why) { throw error{errc::invalid_argument, path.str(), why}; }

void rethrow_as(std::string_view field, const error& current)
{
    if (current.code() != errc::invalid_argument)
        throw;
    throw error{errc::invalid_argument, field, std::string{"cannot be stored: "} + current.what()};
}

void json_path::too_deep() const
{
    unencodable(*this, "is nested deeper than " + std::to_string(most_levels) + " levels");
}

json::value parse_payload(std::string_view text, json::storage_ptr memory)
{
    json::parse_options options;
    options.max_depth = domain::json_depth;
    read_precisely(options);
    boost::system::error_code failed;
    auto value = json::parse({text.data(), text.size()}, failed, std::move(memory), options);
    if (failed)
        throw error{errc::payload_undecodable, "$: the text is not JSON: " + failed.message()};
    return value;
}

/// Writes numbers that are not finite as such, so that they are refused like any text that is not JSON; null would hide
/// them.
std::string serialize_payload(const json::value& value)
{
#if __has_include(<boost/json/serialize_options.hpp>)
    json::serialize_options options;
    options.allow_infinity_and_nan = true;
    return json::serialize(value, options);
#else
    return json::serialize(value);  // Boost before 1.83 has no such option
#endif
}

void write_value(std::string& out, const json::value& value, const json_path& path)
{
    check_levels(value, path);
    out += serialize_payload(value);
}

void write_text(std::string& out, std::string_view text)
{
    out += '"';
    for (;;) {
        const auto length = plain_length(text);
        out += text.substr(0, length);
        if (length == text.size())
            break;
        write_character(out, text[length]);
        text.remove_prefix(length + 1);
    }
    out += '"';
}

void write_number(std::string& out, std::int64_t number) { write_digits(out, number); }
void write_number(std::string& out, std::uint64_t number) { write_digits(out, number); }

void write_key(std::string& out, std::string_view name)
{
    write_text(out, name);
    out += ':';
}

void check_members(const json::object& source, std::span<const std::string_view> known, const json_path& path)
{
    const auto is_known = [&](const auto& member) {
        return std::ranges::find(known, std::string_view{member.key().data(), member.key().size()}) != known.end();
    };
    if (!known.empty() && std::ranges::none_of(source, is_known))
        undecodable(path, "object has none of the members that its type has");
    const auto unknown = std::ranges::find_if_not(source, is_known);
    if (unknown != source.end())
        undecodable(path.member({unknown->key().data(), unknown->key().size()}), "its type has no such member");
}

std::string_view read_text(const json::value& source, const json_path& path)
{
    if (!source.is_string())
        undecodable(path, "value is not a string");
    return {source.get_string().data(), source.get_string().size()};
}

const json::array& fixed_array(const json::value& source, std::size_t size, const json_path& path)
{
    if (!source.is_array())
        undecodable(path, "value is not an array");
    const auto& items = source.get_array();
    if (items.size() != size)
        undecodable(path, "array has the length " + std::to_string(items.size()) + ", not " + std::to_string(size));
    return items;
}

void check_file_name(std::string_view bytes, const json_path& path)
{
    if (!domain::is_utf8(bytes))
        unencodable(path, "is a path that is not UTF-8: JSON cannot hold it");
}

std::string moment_text(moment when, int digits, const json_path& path)
{
    auto text =
        domain::rfc3339({.seconds = when.seconds, .attoseconds = when.fraction * attoseconds_per(digits)}, digits);
    if (!text)
        unencodable(path, "is outside of the years 0 to 9999");
    return *std::move(text);
}

moment read_moment(const json::value& source, int digits, const json_path& path)
{
    const auto when = domain::from_rfc3339(read_text(source, path));
    if (!when)
        undecodable(path, "value is no time as in 2030-01-01T09:30:00Z");
    const auto unit = attoseconds_per(digits);
    if (when->attoseconds % unit != 0)
        undecodable(path, "time is finer than its type holds");
    return {.seconds = when->seconds, .fraction = when->attoseconds / unit};
}

}  // namespace cofila::detail
