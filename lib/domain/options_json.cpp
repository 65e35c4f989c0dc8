#include "domain/options_json.hpp"

#include <cofila/error.hpp>

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <array>
#include <map>
#include <new>
#include <string>
#include <type_traits>
#include <utility>

#include "domain/option_table.hpp"
#include "domain/validation.hpp"

namespace cofila::domain {

namespace json = boost::json;

namespace {

constexpr std::size_t most_cached = 1'000'000;

// Part of the stored format: never change them.
constexpr std::array<std::pair<backoff::kind, std::string_view>, 4> backoff_names{{
    {backoff::kind::none, "none"},
    {backoff::kind::fixed, "fixed"},
    {backoff::kind::exponential, "exponential"},
    {backoff::kind::custom, "custom"},
}};

json::object to_json(const backoff& value)
{
    json::object out;
    for (const auto& [known, name] : backoff_names)
        if (known == value.type)
            out["type"] = json::string_view{name.data(), name.size()};
    out["delay"] = value.delay.count();
    out["max"] = value.max.count();
    out["jitter"] = value.jitter;
    if (!value.name.empty())
        out["name"] = value.name;
    return out;
}

constexpr std::array<std::pair<deduplication::mode, std::string_view>, 5> dedup_names{{
    {deduplication::mode::until_finished, "until_finished"},
    {deduplication::mode::throttle, "throttle"},
    {deduplication::mode::extend, "extend"},
    {deduplication::mode::replace, "replace"},
    {deduplication::mode::keep_last, "keep_last"},
}};

json::object to_json(const deduplication& value)
{
    json::object out;
    out["id"] = value.id;
    for (const auto& [mode, name] : dedup_names)
        if (mode == value.how)
            out["mode"] = json::string_view{name.data(), name.size()};
    out["ttl"] = value.ttl.count();
    return out;
}

json::object to_json(const std::map<std::string, std::string>& tags)
{
    json::object out;
    for (const auto& [key, value] : tags)
        out[key] = value;
    return out;
}

json::object to_json(const retention& value)
{
    json::object out;
    if (value.remove)
        out["remove"] = true;
    if (value.age)
        out["age"] = value.age->count();
    if (value.count)
        out["count"] = *value.count;
    return out;
}

json::value to_json(milliseconds value) { return value.count(); }

/// What JSON has itself: numbers, true and false, text.
template <class T>
T to_json(const T& value)
{
    return value;
}

template <class Number>
    requires std::is_arithmetic_v<Number>
void read(const json::value& source, Number& value)
{
    value = source.to_number<Number>();
}

void read(const json::value& source, bool& value) { value = source.as_bool(); }

void read(const json::value& source, std::string& value) { value = source.as_string(); }

template <class Rep, class Period>
void read(const json::value& source, std::chrono::duration<Rep, Period>& value)
{
    value = std::chrono::duration<Rep, Period>{source.to_number<Rep>()};
}

/// A name that this version does not know, as one of tomorrow, leaves the value as it is.
template <class T, std::size_t Size>
void read_name(const json::value& source, const std::array<std::pair<T, std::string_view>, Size>& names, T& value)
{
    const std::string_view text = source.as_string();
    for (const auto& [known, name] : names)
        if (text == name)
            value = known;
}

void read(const json::value& source, deduplication& value)
{
    const auto& members = source.as_object();
    read(members.at("id"), value.id);
    read_name(members.at("mode"), dedup_names, value.how);
    read(members.at("ttl"), value.ttl);
}

void read(const json::value& source, std::map<std::string, std::string>& tags)
{
    for (const auto& [key, value] : source.as_object())
        tags.emplace(key, value.as_string());
}

void read(const json::value& source, backoff& value)
{
    const auto& members = source.as_object();
    if (const auto* type = members.if_contains("type"))
        read_name(*type, backoff_names, value.type);
    read(members.at("delay"), value.delay);
    read(members.at("max"), value.max);
    read(members.at("jitter"), value.jitter);
    if (const auto* name = members.if_contains("name"))
        read(*name, value.name);
}

void read(const json::value& source, retention& value)
{
    const auto& members = source.as_object();
    if (const auto* remove = members.if_contains("remove"))
        read(*remove, value.remove);
    if (const auto* age = members.if_contains("age"))
        read(*age, value.age.emplace());
    if (const auto* count = members.if_contains("count"))
        read(*count, value.count.emplace());
}

template <class T>
void read(const json::value& source, std::optional<T>& value)
{
    read(source, value.emplace());
}

job_options options_from(const json::object& source)
{
    job_options out;
    for_each_option([&](const auto& row) {
        if (const auto* found = row.how == stored::no ? nullptr : source.if_contains(row.name))
            read(*found, out.*row.member);
    });
    check(out);
    return out;
}

}  // namespace

std::string options_to_json(const job_options& options)
{
    json::object out;
    for_each_option([&](const auto& row) {
        const auto* value = if_set(options.*row.member);
        if (value && row.how != stored::no && !(row.how == stored::unless_default && row.is_default(*value)))
            out[row.name] = to_json(*value);
    });
    return json::serialize(out);
}

job_options options_from_json(std::string_view text)
{
    std::string why;
    try {
        const auto parsed = json::parse({text.data(), text.size()});
        return resolve(options_from(parsed.as_object()), queue_options{});
    } catch (const std::bad_alloc&) {
        throw;  // not the text's fault
    } catch (const std::exception& e) {
        why = e.what();
    }
    throw error{errc::storage_corrupt, "a job's stored options cannot be read: " + why};
}

bool may_be_shared(const job_options& options) noexcept
{
    return !options.group && !options.dedup && options.tags.empty();
}

std::shared_ptr<const job_options> options_cache::parse(std::string_view text)
{
    if (const auto known = known_.find(text); known != known_.end())
        return known->second;
    auto options = std::make_shared<const job_options>(options_from_json(text));
    if (bytes_ + text.size() > most_cached) {
        known_.clear();
        bytes_ = 0;
    }
    known_.emplace(text, options);
    bytes_ += text.size();
    return options;
}

}  // namespace cofila::domain
