#pragma once
#include <boost/describe/enumerators.hpp>
#include <boost/describe/members.hpp>
#include <boost/describe/modifiers.hpp>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/string.hpp>
#include <boost/json/value.hpp>

#include <array>
#include <chrono>
#include <concepts>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

/// The kinds of types that the codec distinguishes. Not part of the interface.
namespace cofila::detail {

/// The one place for the compiler's message about a type that is of no known kind.
template <class T, bool Known>
struct payload_type {
    static_assert(
        Known,
        "cofila cannot convert this type to JSON and back: describe it, next to its definition, with "
        "BOOST_DESCRIBE_STRUCT(type, (bases), (members)) or BOOST_DESCRIBE_ENUM(type, names), or give it a "
        "tag_invoke for Boost.JSON"
    );
    static constexpr bool known = Known;
};

/// Makes the object that a value is read into.
template <class T>
T fresh()
{
    static_assert(
        std::is_default_constructible_v<T>,
        "cofila reads JSON into a default-constructed object: give this type a default constructor"
    );
    return T{};
}

template <class T>
concept json_native = std::same_as<T, boost::json::value> || std::same_as<T, boost::json::object> ||
                      std::same_as<T, boost::json::array> || std::same_as<T, boost::json::string>;

template <class T>
concept described_struct = boost::describe::has_describe_members<T>::value && !std::is_union_v<T> && !std::is_enum_v<T>;

template <class T>
using members_of = boost::describe::describe_members<T, boost::describe::mod_public | boost::describe::mod_inherited>;

template <class T>
concept described_enum = std::is_enum_v<T> && boost::describe::has_describe_enumerators<T>::value;

/// Integers, which bool and the types of characters are not.
template <class T>
concept plain_integer =
    std::same_as<T, signed char> || std::same_as<T, unsigned char> || std::same_as<T, short> ||
    std::same_as<T, unsigned short> || std::same_as<T, int> || std::same_as<T, unsigned> || std::same_as<T, long> ||
    std::same_as<T, unsigned long> || std::same_as<T, long long> || std::same_as<T, unsigned long long>;

template <class T>
inline constexpr bool is_text = false;
template <class Traits, class Allocator>
inline constexpr bool is_text<std::basic_string<char, Traits, Allocator>> = true;

/// Text that a type refers to but does not own. It cannot be read.
template <class T>
concept borrowed_text = std::same_as<T, std::string_view> || std::same_as<T, boost::json::string_view>;

/// Holds a value or null.
template <class T>
inline constexpr bool is_nullable = false;
template <class T>
inline constexpr bool is_nullable<std::optional<T>> = true;
template <class T, class Deleter>
inline constexpr bool is_nullable<std::unique_ptr<T, Deleter>> = !std::is_array_v<T>;
template <class T>
inline constexpr bool is_nullable<std::shared_ptr<T>> = !std::is_array_v<T>;

template <class T>
inline constexpr bool is_variant = false;
template <class... Alternatives>
inline constexpr bool is_variant<std::variant<Alternatives...>> = true;

/// Becomes an object: each key is text and has one value.
template <class T>
concept map_like = requires(T t, typename T::key_type k, typename T::mapped_type m) {
    { t.emplace(std::move(k), std::move(m)).second } -> std::convertible_to<bool>;
    requires std::constructible_from<typename T::key_type, std::string>;
    requires std::convertible_to<typename T::key_type, std::string_view>;
};

/// Becomes an array: lists, sets, and maps that cannot be an object, as pairs of key and value.
template <class T>
concept list_like = !is_text<T> && !json_native<T> && requires(T t, typename T::value_type v) {
    t.insert(t.end(), std::move(v));
    t.begin();
};

template <class T>
struct element_of {
    using type = typename T::value_type;
};
template <class T>
    requires requires { typename T::mapped_type; }
struct element_of<T> {
    using type = std::pair<typename T::key_type, typename T::mapped_type>;
};

template <class T>
inline constexpr bool is_array = false;
template <class T, std::size_t Size>
inline constexpr bool is_array<std::array<T, Size>> = true;

/// Pairs and tuples.
template <class T>
concept tuple_like = requires { std::tuple_size<T>::value; };

template <class T>
inline constexpr bool is_duration = false;
template <class Rep, class Period>
inline constexpr bool is_duration<std::chrono::duration<Rep, Period>> = true;

template <class T>
inline constexpr bool is_time_point = false;
template <class Clock, class Duration>
inline constexpr bool is_time_point<std::chrono::time_point<Clock, Duration>> = true;

/// std::filesystem::path, recognised without its header.
template <class T>
concept path_like = requires(const T& path, std::u8string text) {
    typename T::format;
    { path.generic_u8string() } -> std::same_as<std::u8string>;
    T{std::move(text)};
};

}  // namespace cofila::detail
