#include <cofila/codec.hpp>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <utility>

#include "domain/json_text.hpp"

namespace cofila::detail {

namespace json = boost::json;

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

void unencodable(const json_path& path, std::string_view value)
{
    throw error{
        errc::invalid_argument, path.str(), "is " + std::string{value} + ", which is none of the enumeration's names"
    };
}

void rethrow_as(std::string_view field, const error& current)
{
    if (current.code() != errc::invalid_argument)
        throw;
    throw error{errc::invalid_argument, field, std::string{"cannot be stored: "} + current.what()};
}

json::value parse_payload(std::string_view text, json::storage_ptr memory)
{
    json::parse_options options;
    options.max_depth = domain::json_depth;
    boost::system::error_code failed;
    auto value = json::parse({text.data(), text.size()}, failed, std::move(memory), options);
    if (failed)
        throw error{errc::payload_undecodable, "$: the text is not JSON: " + failed.message()};
    return value;
}

/// What is not finite is written as such, so that it is refused like any text that is not JSON; null would hide it.
std::string serialize_payload(const json::value& value)
{
#if __has_include(<boost/json/serialize_options.hpp>)
    json::serialize_options options;
    options.allow_infinity_and_nan = true;
    return json::serialize(value, options);
#else
    return json::serialize(value);  // before Boost 1.83 there is no other way
#endif
}

}  // namespace cofila::detail
