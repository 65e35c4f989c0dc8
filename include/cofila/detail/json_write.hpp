#pragma once
#include <cofila/detail/json_kinds.hpp>
#include <cofila/detail/json_path.hpp>
#include <cofila/detail/json_time.hpp>

#include <boost/describe/enum_to_string.hpp>
#include <boost/json/value_from.hpp>
#include <boost/mp11/algorithm.hpp>

/// From values to JSON. Not part of the interface.
namespace cofila::detail {

template <class T>
boost::json::value to_value(const T& value, const boost::json::storage_ptr& memory, const json_path& path);

template <described_struct T>
boost::json::value write_struct(const T& value, const boost::json::storage_ptr& memory, const json_path& path)
{
    boost::json::object out(memory);
    boost::mp11::mp_for_each<members_of<T>>([&](auto member) {
        out.emplace(member.name, to_value(value.*member.pointer, memory, path.member(member.name)));
    });
    return out;
}

template <described_enum T>
boost::json::value write_enum(T value, const boost::json::storage_ptr& memory, const json_path& path)
{
    const char* name = boost::describe::enum_to_string(value, nullptr);
    if (!name)
        unencodable(
            path,
            "is " + std::to_string(static_cast<std::underlying_type_t<T>>(value)) +
                ", which is none of the enumeration's names"
        );
    return boost::json::value(name, memory);
}

template <map_like T>
boost::json::value write_map(const T& value, const boost::json::storage_ptr& memory, const json_path& path)
{
    boost::json::object out(memory);
    for (const auto& [key, item] : value) {
        const std::string_view name = key;
        out[boost::json::string_view{name.data(), name.size()}] = to_value(item, memory, path.member(name));
    }
    return out;
}

template <class T>
boost::json::value write_list(const T& value, const boost::json::storage_ptr& memory, const json_path& path)
{
    boost::json::array out(memory);
    std::size_t index = 0;
    for (const auto& item : value)
        out.push_back(to_value(static_cast<const typename T::value_type&>(item), memory, path.element(index++)));
    return out;
}

template <tuple_like T>
boost::json::value write_tuple(const T& value, const boost::json::storage_ptr& memory, const json_path& path)
{
    boost::json::array out(memory);
    std::size_t index = 0;
    std::apply(
        [&](const auto&... part) { (out.push_back(to_value(part, memory, path.element(index++))), ...); }, value
    );
    return out;
}

/// Writes the index of the alternative beside its value, because two alternatives may look alike.
template <class T>
boost::json::value write_variant(const T& value, const boost::json::storage_ptr& memory, const json_path& path)
{
    if (value.valueless_by_exception())
        unencodable(path, "has no value, since its last assignment threw");
    boost::json::object out(memory);
    out.emplace("index", value.index());
    out.emplace(
        "value", std::visit([&](const auto& held) { return to_value(held, memory, path.member("value")); }, value)
    );
    return out;
}

template <path_like T>
boost::json::value write_path(const T& value, const boost::json::storage_ptr& memory, const json_path& path)
{
    const auto text = value.generic_u8string();
    const std::string_view bytes{reinterpret_cast<const char*>(text.data()), text.size()};
    check_file_name(bytes, path);
    return boost::json::value(boost::json::string_view{bytes.data(), bytes.size()}, memory);
}

template <class T>
boost::json::value to_value(const T& value, const boost::json::storage_ptr& memory, const json_path& path)
{
    namespace json = boost::json;
    if constexpr (json_native<T>) {
        return json::value(value, memory);
    } else if constexpr (described_struct<T>) {
        return write_struct(value, memory, path);
    } else if constexpr (described_enum<T>) {
        return write_enum(value, memory, path);
    } else if constexpr (is_nullable<T>) {
        return value ? to_value(*value, memory, path) : json::value(nullptr, memory);
    } else if constexpr (std::same_as<T, std::monostate>) {
        return json::value(nullptr, memory);
    } else if constexpr (is_variant<T>) {
        return write_variant(value, memory, path);
    } else if constexpr (is_duration<T>) {
        return to_value(value.count(), memory, path);
    } else if constexpr (is_time_point<T>) {
        return json::value(time_text(value, path), memory);
    } else if constexpr (path_like<T>) {
        return write_path(value, memory, path);
    } else if constexpr (is_text<T>) {
        return json::value(json::string_view{value.data(), value.size()}, memory);
    } else if constexpr (map_like<T>) {
        return write_map(value, memory, path);
    } else if constexpr (list_like<T> || is_array<T>) {
        return write_list(value, memory, path);
    } else if constexpr (tuple_like<T>) {
        return write_tuple(value, memory, path);
    } else if constexpr (payload_type<T, json::has_value_from<T>::value>::known) {
        return json::value_from(value, memory);
    } else {
        return {};
    }
}

}  // namespace cofila::detail
