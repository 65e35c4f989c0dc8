#pragma once
#include <cofila/detail/json_kinds.hpp>
#include <cofila/detail/json_path.hpp>
#include <cofila/detail/json_scan.hpp>

#include <boost/describe/enum_from_string.hpp>
#include <boost/mp11/algorithm.hpp>
#include <boost/mp11/list.hpp>

#include <algorithm>

/// From plain JSON text to values of the usual types, without a document in between. Each function returns false where
/// anything is unusual, be it right or wrong: the text is then read again from its document. So what is refused, with
/// which error, and what a member means that is there twice, is decided in one place. Not part of the interface.
namespace cofila::detail {

/// Whether no two members have the same name, as those of two bases may.
template <described_struct T>
inline constexpr bool has_distinct_names = [] {
    std::array<std::string_view, boost::mp11::mp_size<members_of<T>>::value> names;
    std::size_t count = 0;
    bool distinct = true;
    boost::mp11::mp_for_each<members_of<T>>([&](auto member) {
        for (std::size_t i = 0; i < count; ++i)
            distinct = distinct && names[i] != member.name;
        names[count++] = member.name;
    });
    return distinct;
}();

/// What follows, and how deep it is.
struct quick_place {
    json_scan& in;
    decoding how = decoding::lenient;
    std::size_t level = 0;

    quick_place below() const { return {.in = in, .how = how, .level = level + 1}; }
    bool too_deep() const { return level >= json_path::most_levels; }
};

template <class T>
bool read_quickly(quick_place at, T& to);

/// Calls `read_item` for each element up to the closing bracket.
template <class Read>
bool read_elements(json_scan& in, char closing, const Read& read_item)
{
    if (in.pass(closing))
        return true;
    do {
        if (!read_item())
            return false;
    } while (in.pass(','));
    return in.pass(closing);
}

template <described_struct T>
bool read_struct_quickly(quick_place at, T& to)
{
    constexpr auto size = boost::mp11::mp_size<members_of<T>>::value;
    std::array<bool, size> seen{};
    const auto read_member = [&] {
        std::string_view name;
        if (!at.in.pass_key(name))
            return false;
        std::size_t index = 0;
        bool read = false;
        boost::mp11::mp_for_each<members_of<T>>([&](auto member) {
            const auto place = index++;
            if (!read && name == member.name && !std::exchange(seen[place], true))
                read = read_quickly(at.below(), to.*member.pointer);
        });
        return read;
    };
    if (!at.in.pass('{') || !read_elements(at.in, '}', read_member))
        return false;
    return at.how == decoding::lenient || std::find(seen.begin(), seen.end(), true) != seen.end();
}

template <list_like T>
bool read_list_quickly(quick_place at, T& to)
{
    to.clear();
    return at.in.pass('[') && read_elements(at.in, ']', [&] {
               auto value = fresh<typename element_of<T>::type>();
               if (!read_quickly(at.below(), value))
                   return false;
               to.insert(to.end(), std::move(value));
               return true;
           });
}

template <map_like T>
bool read_map_quickly(quick_place at, T& to)
{
    to.clear();
    return at.in.pass('{') && read_elements(at.in, '}', [&] {
               std::string_view name;
               auto value = fresh<typename T::mapped_type>();
               return at.in.pass_key(name) && read_quickly(at.below(), value) &&
                      to.emplace(typename T::key_type(std::string{name}), std::move(value)).second;
           });
}

template <class T>
bool read_nullable_quickly(quick_place at, T& to)
{
    if (at.in.pass("null")) {
        to.reset();
        return true;
    }
    if constexpr (requires { to.emplace(); })
        to.emplace(fresh<typename T::value_type>());
    else
        to.reset(new typename T::element_type(fresh<typename T::element_type>()));
    return read_quickly(at, *to);
}

template <class T>
bool read_quickly(quick_place at, T& to)
{
    if (at.too_deep())
        return false;
    if constexpr (std::same_as<T, bool>) {
        to = at.in.pass("true");
        return to || at.in.pass("false");
    } else if constexpr (plain_integer<T>) {
        std::int64_t number{};
        if (!at.in.pass_number(number) || !std::in_range<T>(number))
            return false;
        to = static_cast<T>(number);
        return true;
    } else if constexpr (is_text<T>) {
        std::string_view text;
        if (!at.in.pass_text(text))
            return false;
        to.assign(text.data(), text.size());
        return true;
    } else if constexpr (described_struct<T>) {
        if constexpr (has_distinct_names<T>)
            return read_struct_quickly(at, to);
    } else if constexpr (described_enum<T>) {
        std::string_view name;
        return at.in.pass_text(name) && boost::describe::enum_from_string(std::string{name}.c_str(), to);
    } else if constexpr (is_nullable<T>) {
        return read_nullable_quickly(at, to);
    } else if constexpr (map_like<T>) {
        return read_map_quickly(at, to);
    } else if constexpr (list_like<T> && !path_like<T>) {
        return read_list_quickly(at, to);
    }
    return false;
}

/// Returns false if the text has to be read from its document.
template <class T>
bool read_quickly(std::string_view text, decoding how, T& to)
{
    json_scan in{text};
    return read_quickly(quick_place{.in = in, .how = how}, to) && in.at_end();
}

}  // namespace cofila::detail
