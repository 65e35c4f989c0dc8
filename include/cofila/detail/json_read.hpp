#pragma once
#include <cofila/detail/json_kinds.hpp>
#include <cofila/detail/json_path.hpp>
#include <cofila/detail/json_time.hpp>

#include <boost/describe/enum_from_string.hpp>
#include <boost/json/value_to.hpp>
#include <boost/mp11/algorithm.hpp>
#include <boost/mp11/list.hpp>

/// From JSON to values. Not part of the interface.
namespace cofila::detail {

template <class T>
void from_value(const boost::json::value& source, T& to, const json_path& path);

template <described_struct T>
void read_struct(const boost::json::value& source, T& to, const json_path& path)
{
    if (!source.is_object())
        undecodable(path, "value is not an object");
    const auto& object = source.get_object();
    std::array<std::string_view, boost::mp11::mp_size<members_of<T>>::value> names;
    std::size_t count = 0;
    boost::mp11::mp_for_each<members_of<T>>([&](auto member) {
        names[count++] = member.name;
        if (const auto* found = object.if_contains(member.name))
            from_value(*found, to.*member.pointer, path.member(member.name));
    });
    if (path.how == decoding::strict)
        check_members(object, names, path);
}

template <map_like T>
void read_map(const boost::json::value& source, T& to, const json_path& path)
{
    if (!source.is_object())
        undecodable(path, "value is not an object");
    to.clear();
    for (const auto& [key, item] : source.get_object()) {
        const std::string_view name{key.data(), key.size()};
        auto value = fresh<typename T::mapped_type>();
        from_value(item, value, path.member(name));
        to.emplace(typename T::key_type(std::string{name}), std::move(value));
    }
}

template <list_like T>
void read_list(const boost::json::value& source, T& to, const json_path& path)
{
    if (!source.is_array())
        undecodable(path, "value is not an array");
    to.clear();
    std::size_t index = 0;
    for (const auto& item : source.get_array()) {
        auto value = fresh<typename element_of<T>::type>();
        from_value(item, value, path.element(index++));
        to.insert(to.end(), std::move(value));
    }
}

template <class T>
void read_array(const boost::json::value& source, T& to, const json_path& path)
{
    const auto& items = fixed_array(source, to.size(), path);
    for (std::size_t i = 0; i < to.size(); ++i)
        from_value(items[i], to[i], path.element(i));
}

template <tuple_like T>
void read_tuple(const boost::json::value& source, T& to, const json_path& path)
{
    const auto& items = fixed_array(source, std::tuple_size_v<T>, path);
    std::size_t index = 0;
    const auto read = [&](auto& part) {
        from_value(items[index], part, path.element(index));
        ++index;
    };
    std::apply([&](auto&... part) { (read(part), ...); }, to);
}

template <class T>
void read_nullable(const boost::json::value& source, T& to, const json_path& path)
{
    if (source.is_null())
        return to.reset();
    if constexpr (requires { to.emplace(); })
        to.emplace(fresh<typename T::value_type>());
    else
        to.reset(new typename T::element_type(fresh<typename T::element_type>()));
    from_value(source, *to, path);
}

template <class T>
void read_variant(const boost::json::value& source, T& to, const json_path& path)
{
    const auto* object = source.if_object();
    const auto* chosen = object ? object->if_contains("index") : nullptr;
    const auto* value = object ? object->if_contains("value") : nullptr;
    if (!chosen || !value)
        undecodable(path, "value is not an object with an 'index' and a 'value'");
    std::size_t index = 0;
    from_value(*chosen, index, path.member("index"));
    constexpr auto size = std::variant_size_v<T>;
    if (index >= size)
        undecodable(path.member("index"), "there are " + std::to_string(size) + " alternatives, counted from 0");
    [&]<std::size_t... I>(std::index_sequence<I...>) {
        const auto read = [&]<std::size_t Which>(std::integral_constant<std::size_t, Which>) {
            auto held = fresh<std::variant_alternative_t<Which, T>>();
            from_value(*value, held, path.member("value"));
            to.template emplace<Which>(std::move(held));
        };
        ((I == index ? read(std::integral_constant<std::size_t, I>{}) : void()), ...);
    }(std::make_index_sequence<size>{});
}

template <class T>
void read_duration(const boost::json::value& source, T& to, const json_path& path)
{
    typename T::rep count{};
    from_value(source, count, path);
    to = T{count};
}

template <class T>
void read_number(const boost::json::value& source, T& to, const json_path& path)
{
    if (!source.is_number())
        undecodable(path, "value is not a number");
    boost::system::error_code failed;
    to = source.to_number<T>(failed);
    if (failed)
        undecodable(path, "number does not fit");
}

template <class T>
void read_other(const boost::json::value& source, T& to, const json_path& path)
{
    try {
        to = boost::json::value_to<T>(source);
        return;
    } catch (const std::exception&) {}
    undecodable(path, "value does not fit");
}

template <class T>
void from_value(const boost::json::value& source, T& to, const json_path& path)
{
    if constexpr (std::same_as<T, boost::json::value>) {
        to = source;
    } else if constexpr (std::same_as<T, bool>) {
        if (!source.is_bool())
            undecodable(path, "value is not true or false");
        to = source.get_bool();
    } else if constexpr (std::is_arithmetic_v<T>) {
        read_number(source, to, path);
    } else if constexpr (is_text<T>) {
        const auto text = read_text(source, path);
        to.assign(text.data(), text.size());
    } else if constexpr (described_struct<T>) {
        read_struct(source, to, path);
    } else if constexpr (described_enum<T>) {
        if (!source.is_string() || !boost::describe::enum_from_string(source.get_string().c_str(), to))
            undecodable(path, "value is none of the names of the enumeration");
    } else if constexpr (is_nullable<T>) {
        read_nullable(source, to, path);
    } else if constexpr (std::same_as<T, std::monostate>) {
        if (!source.is_null())
            undecodable(path, "value is not null");
    } else if constexpr (is_variant<T>) {
        read_variant(source, to, path);
    } else if constexpr (is_duration<T>) {
        read_duration(source, to, path);
    } else if constexpr (is_time_point<T>) {
        to = read_time<T>(source, path);
    } else if constexpr (path_like<T>) {
        const auto text = read_text(source, path);
        to = T{std::u8string{text.begin(), text.end()}};
    } else if constexpr (map_like<T>) {
        read_map(source, to, path);
    } else if constexpr (list_like<T>) {
        read_list(source, to, path);
    } else if constexpr (is_array<T>) {
        read_array(source, to, path);
    } else if constexpr (tuple_like<T>) {
        read_tuple(source, to, path);
    } else if constexpr (payload_type < T, boost::json::has_value_to<T>::value && !borrowed_text < T >> ::known) {
        read_other(source, to, path);
    }
}

}  // namespace cofila::detail
