#pragma once
#include <cofila/detail/json_kinds.hpp>
#include <cofila/detail/json_path.hpp>
#include <cofila/detail/json_time.hpp>

#include <boost/describe/enum_to_string.hpp>
#include <boost/json/value_from.hpp>
#include <boost/mp11/algorithm.hpp>
#include <boost/mp11/list.hpp>

#include <algorithm>
#include <array>

/// From values to JSON text. Not part of the interface.
namespace cofila::detail {

template <class T>
void write_json(std::string& out, const T& value, const json_path& path);

/// Writes an object or array: the bracket, then a comma before each element but the first.
class json_list {
public:
    json_list(std::string& out, char opening, const json_path& path) : out_{out}
    {
        path.open();
        out_ += opening;
    }

    std::string& next()
    {
        if (!std::exchange(first_, false))
            out_ += ',';
        return out_;
    }
    void end(char closing) { out_ += closing; }

private:
    std::string& out_;
    bool first_ = true;
};

/// For each member, whether it is the first with its name: two bases may have members of the same name.
template <described_struct T>
inline constexpr auto first_of_name = [] {
    std::array<std::string_view, boost::mp11::mp_size<members_of<T>>::value> names;
    std::array<bool, boost::mp11::mp_size<members_of<T>>::value> first{};
    std::size_t count = 0;
    boost::mp11::mp_for_each<members_of<T>>([&](auto member) {
        const std::string_view name = member.name;
        first[count] = true;
        for (std::size_t i = 0; i < count; ++i)
            first[count] = first[count] && names[i] != name;
        names[count++] = name;
    });
    return first;
}();

/// A member's name with its quotes and the colon. A name is an identifier, which needs no escapes.
template <class Member>
inline constexpr auto key_of_member = [] {
    constexpr std::string_view name = Member::name;
    std::array<char, name.size() + 3> out{'"'};
    std::copy(name.begin(), name.end(), out.begin() + 1);
    out[name.size() + 1] = '"';
    out[name.size() + 2] = ':';
    return out;
}();

template <described_struct T>
void write_struct(std::string& out, const T& value, const json_path& path)
{
    json_list members{out, '{', path};
    std::size_t index = 0;
    boost::mp11::mp_for_each<members_of<T>>([&](auto member) {
        if (!first_of_name<T>[index++])
            return;
        constexpr auto& key = key_of_member<decltype(member)>;
        members.next().append(key.data(), key.size());
        write_json(out, value.*member.pointer, path.member(member.name));
    });
    members.end('}');
}

template <described_enum T>
void write_enum(std::string& out, T value, const json_path& path)
{
    const char* name = boost::describe::enum_to_string(value, nullptr);
    if (!name)
        unencodable(
            path,
            "is " + std::to_string(static_cast<std::underlying_type_t<T>>(value)) +
                ", which is none of the enumeration's names"
        );
    write_text(out, name);
}

template <map_like T>
void write_map(std::string& out, const T& value, const json_path& path)
{
    json_list members{out, '{', path};
    for (const auto& [key, item] : value) {
        const std::string_view name = key;
        write_key(members.next(), name);
        write_json(out, item, path.member(name));
    }
    members.end('}');
}

template <class T>
void write_list(std::string& out, const T& value, const json_path& path)
{
    json_list items{out, '[', path};
    std::size_t index = 0;
    for (const auto& item : value)
        write_json(items.next(), static_cast<const typename T::value_type&>(item), path.element(index++));
    items.end(']');
}

template <tuple_like T>
void write_tuple(std::string& out, const T& value, const json_path& path)
{
    json_list items{out, '[', path};
    std::size_t index = 0;
    std::apply([&](const auto&... part) { (write_json(items.next(), part, path.element(index++)), ...); }, value);
    items.end(']');
}

/// Writes the index of the alternative beside its value, because two alternatives may look alike.
template <class T>
void write_variant(std::string& out, const T& value, const json_path& path)
{
    if (value.valueless_by_exception())
        unencodable(path, "has no value, since its last assignment threw");
    json_list members{out, '{', path};
    write_key(members.next(), "index");
    write_number(out, std::uint64_t{value.index()});
    write_key(members.next(), "value");
    std::visit([&](const auto& held) { write_json(out, held, path.member("value")); }, value);
    members.end('}');
}

template <path_like T>
void write_path(std::string& out, const T& value, const json_path& path)
{
    const auto text = value.generic_u8string();
    const std::string_view bytes{reinterpret_cast<const char*>(text.data()), text.size()};
    check_file_name(bytes, path);
    write_text(out, bytes);
}

template <class T>
void write_json(std::string& out, const T& value, const json_path& path)
{
    namespace json = boost::json;
    if constexpr (std::same_as<T, json::value>) {
        write_value(out, value, path);
    } else if constexpr (json_native<T>) {
        write_value(out, json::value(value), path);
    } else if constexpr (std::same_as<T, bool>) {
        out += value ? "true" : "false";
    } else if constexpr (plain_integer<T>) {
        write_number(out, std::conditional_t<std::is_signed_v<T>, std::int64_t, std::uint64_t>{value});
    } else if constexpr (described_struct<T>) {
        write_struct(out, value, path);
    } else if constexpr (described_enum<T>) {
        write_enum(out, value, path);
    } else if constexpr (is_nullable<T>) {
        if (value)
            write_json(out, *value, path);
        else
            out += "null";
    } else if constexpr (std::same_as<T, std::monostate>) {
        out += "null";
    } else if constexpr (is_variant<T>) {
        write_variant(out, value, path);
    } else if constexpr (is_duration<T>) {
        write_json(out, value.count(), path);
    } else if constexpr (is_time_point<T>) {
        write_text(out, time_text(value, path));
    } else if constexpr (path_like<T>) {
        write_path(out, value, path);
    } else if constexpr (is_text<T>) {
        write_text(out, {value.data(), value.size()});
    } else if constexpr (map_like<T>) {
        write_map(out, value, path);
    } else if constexpr (list_like<T> || is_array<T>) {
        write_list(out, value, path);
    } else if constexpr (tuple_like<T>) {
        write_tuple(out, value, path);
    } else if constexpr (payload_type<T, json::has_value_from<T>::value>::known) {
        write_value(out, json::value_from(value), path);
    }
}

}  // namespace cofila::detail
