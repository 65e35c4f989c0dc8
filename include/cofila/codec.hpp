#pragma once
#include <cofila/error.hpp>

#include <boost/describe/enum_from_string.hpp>
#include <boost/describe/enum_to_string.hpp>
#include <boost/describe/enumerators.hpp>
#include <boost/describe/members.hpp>
#include <boost/describe/modifiers.hpp>
#include <boost/json/array.hpp>
#include <boost/json/monotonic_resource.hpp>
#include <boost/json/object.hpp>
#include <boost/json/storage_ptr.hpp>
#include <boost/json/string.hpp>
#include <boost/json/value.hpp>
#include <boost/json/value_from.hpp>
#include <boost/json/value_to.hpp>
#include <boost/mp11/algorithm.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace cofila {

/// A payload or result that is JSON text already: stored and delivered as it is, digit for digit.
struct raw_json {
    std::string text{};

    friend bool operator==(const raw_json&, const raw_json&) = default;
};

/// How a payload or result of type T becomes JSON text and comes back. A struct described with Boost.Describe becomes
/// an object (when it is read, unknown members are ignored and absent ones keep their initialiser), a described enum
/// its name; lists and optionals of such and maps with a text as their key follow suit; everything else is left to
/// Boost.JSON (`tag_invoke`).
///
/// Throws `errc::invalid_argument` naming the path for a described enum that has none of its named values: it could not
/// be read back.
template <class T>
std::string encode(const T& value);

/// Throws `errc::payload_undecodable` naming the path, as in `$.to[2]: value is not a string`.
template <class T>
T decode(std::string_view text);

namespace detail {

/// Where in a document the codec is; lives on the stack of the recursion.
struct json_path {
    const json_path* parent = nullptr;
    std::optional<std::string_view> name{};  // none: an element of a list
    std::size_t index = 0;

    std::string str() const;
};

/// For a document that lives no longer than the conversion: a small one needs no allocation.
class scratch {
public:
    boost::json::storage_ptr memory() noexcept { return &resource_; }

private:
    std::array<unsigned char, 2048> buffer_;
    boost::json::monotonic_resource resource_{buffer_.data(), buffer_.size()};
};

[[noreturn]] void undecodable(const json_path& path, std::string_view why);
[[noreturn]] void unencodable(const json_path& path, std::string_view value);
[[noreturn]] void rethrow_as(std::string_view field, const error& current);
boost::json::value parse_payload(std::string_view text, boost::json::storage_ptr memory = {});
std::string serialize_payload(const boost::json::value& value);

template <class T>
concept json_native = std::same_as<T, boost::json::value> || std::same_as<T, boost::json::object> ||
                      std::same_as<T, boost::json::array> || std::same_as<T, boost::json::string>;

template <class T>
concept described_struct = boost::describe::has_describe_members<T>::value && !std::is_union_v<T> && !std::is_enum_v<T>;

template <class T>
concept described_enum = std::is_enum_v<T> && boost::describe::has_describe_enumerators<T>::value;

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;

template <class T>
concept string_like = std::same_as<T, std::string>;

template <class T>
concept has_keys = requires { typename T::mapped_type; };

/// What becomes an object: each key is a text, and there is one value for it.
template <class T>
concept map_like = requires(T t, typename T::key_type k, typename T::mapped_type m) {
    { t.emplace(std::move(k), std::move(m)).second } -> std::convertible_to<bool>;
    requires std::constructible_from<typename T::key_type, std::string>;
    requires std::convertible_to<typename T::key_type, std::string_view>;
};

template <class T>
concept list_like = !string_like<T> && !has_keys<T> && !json_native<T> && requires(T t, typename T::value_type v) {
    t.insert(t.end(), std::move(v));
    t.begin();
};

/// Types whose parts this codec has to see, since Boost.JSON would read a described struct more strictly.
template <class T>
concept own_codec = described_struct<T> || described_enum<T> || is_optional<T> || map_like<T> || list_like<T>;

template <class T>
using members_of = boost::describe::describe_members<T, boost::describe::mod_public | boost::describe::mod_inherited>;

template <class T>
boost::json::value to_value(const T& value, const boost::json::storage_ptr& memory, const json_path& path)
{
    namespace json = boost::json;
    if constexpr (json_native<T>) {
        return json::value(value, memory);
    } else if constexpr (described_struct<T>) {
        json::object out(memory);
        boost::mp11::mp_for_each<members_of<T>>([&](auto member) {
            const json_path here{.parent = &path, .name = member.name};
            out.emplace(member.name, to_value(value.*member.pointer, memory, here));
        });
        return out;
    } else if constexpr (described_enum<T>) {
        const char* name = boost::describe::enum_to_string(value, nullptr);
        if (!name)
            unencodable(path, std::to_string(static_cast<std::underlying_type_t<T>>(value)));
        return json::value(name, memory);
    } else if constexpr (is_optional<T>) {
        return value ? to_value(*value, memory, path) : json::value(nullptr, memory);
    } else if constexpr (map_like<T>) {
        json::object out(memory);
        for (const auto& [key, item] : value) {
            const std::string_view name = key;
            const json_path here{.parent = &path, .name = name};
            out[json::string_view{name.data(), name.size()}] = to_value(item, memory, here);
        }
        return out;
    } else if constexpr (list_like<T>) {
        json::array out(memory);
        std::size_t index = 0;
        for (const auto& item : value) {
            const json_path here{.parent = &path, .index = index++};
            out.push_back(to_value(static_cast<const typename T::value_type&>(item), memory, here));
        }
        return out;
    } else {
        return json::value_from(value, memory);
    }
}

template <class T>
void from_value(const boost::json::value& from, T& to, const json_path& path);

template <described_struct T>
void read_members(const boost::json::object& from, T& to, const json_path& path)
{
    boost::mp11::mp_for_each<members_of<T>>([&](auto member) {
        if (const auto* found = from.if_contains(member.name))
            from_value(*found, to.*member.pointer, json_path{.parent = &path, .name = member.name});
    });
}

template <map_like T>
void read_map(const boost::json::object& from, T& to, const json_path& path)
{
    to.clear();
    for (const auto& [key, item] : from) {
        const std::string_view name{key.data(), key.size()};
        typename T::mapped_type value{};
        from_value(item, value, json_path{.parent = &path, .name = name});
        to.emplace(typename T::key_type(std::string{name}), std::move(value));
    }
}

template <list_like T>
void read_list(const boost::json::array& from, T& to, const json_path& path)
{
    to.clear();
    std::size_t index = 0;
    for (const auto& item : from) {
        typename T::value_type value{};
        from_value(item, value, json_path{.parent = &path, .index = index++});
        to.insert(to.end(), std::move(value));
    }
}

template <class T>
void read_scalar(const boost::json::value& from, T& to, const json_path& path)
{
    if constexpr (std::same_as<T, bool>) {
        if (!from.is_bool())
            undecodable(path, "value is not true or false");
        to = from.get_bool();
    } else if constexpr (std::is_arithmetic_v<T>) {
        if (!from.is_number())
            undecodable(path, "value is not a number");
        boost::system::error_code failed;
        to = from.to_number<T>(failed);
        if (failed)
            undecodable(path, "number does not fit");
    } else if constexpr (string_like<T>) {
        if (!from.is_string())
            undecodable(path, "value is not a string");
        to.assign(from.get_string().data(), from.get_string().size());
    } else {
        try {
            to = boost::json::value_to<T>(from);
            return;
        } catch (const std::exception&) {}
        undecodable(path, "value does not fit");
    }
}

template <class T>
void from_value(const boost::json::value& from, T& to, const json_path& path)
{
    if constexpr (std::same_as<T, boost::json::value>) {
        to = from;
    } else if constexpr (described_struct<T>) {
        if (!from.is_object())
            undecodable(path, "value is not an object");
        read_members(from.get_object(), to, path);
    } else if constexpr (described_enum<T>) {
        if (!from.is_string() || !boost::describe::enum_from_string(std::string{from.get_string()}.c_str(), to))
            undecodable(path, "value is none of the names of the enumeration");
    } else if constexpr (is_optional<T>) {
        if (from.is_null())
            return to.reset();
        from_value(from, to.emplace(), path);
    } else if constexpr (map_like<T>) {
        if (!from.is_object())
            undecodable(path, "value is not an object");
        read_map(from.get_object(), to, path);
    } else if constexpr (list_like<T>) {
        if (!from.is_array())
            undecodable(path, "value is not an array");
        read_list(from.get_array(), to, path);
    } else {
        read_scalar(from, to, path);
    }
}

}  // namespace detail

template <class T>
std::string encode(const T& value)
{
    if constexpr (std::same_as<T, raw_json>) {
        return value.text;
    } else if constexpr (std::same_as<T, boost::json::value>) {
        return detail::serialize_payload(value);
    } else {
        detail::scratch short_lived;
        return detail::serialize_payload(detail::to_value(value, short_lived.memory(), {}));
    }
}

namespace detail {

/// Where what cannot be encoded is an argument: an error names that.
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

template <class T>
T decode(std::string_view text)
{
    if constexpr (std::same_as<T, raw_json>) {
        return raw_json{.text = std::string{text}};
    } else if constexpr (std::same_as<T, boost::json::value>) {
        return detail::parse_payload(text);
    } else {
        detail::scratch short_lived;
        const auto document = detail::parse_payload(text, short_lived.memory());
        T out{};
        detail::from_value(document, out, detail::json_path{});
        return out;
    }
}

}  // namespace cofila
