#include "domain/options_json.hpp"

#include <cofila/error.hpp>

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <array>
#include <map>
#include <new>
#include <string>
#include <utility>

#include "domain/validation.hpp"

namespace cofila::domain {

namespace json = boost::json;

namespace {

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

deduplication dedup_from(const json::object& from)
{
    deduplication out{.id = std::string{from.at("id").as_string()}};
    for (const auto& [mode, name] : dedup_names)
        if (std::string_view{from.at("mode").as_string()} == name)
            out.how = mode;
    out.ttl = milliseconds{from.at("ttl").to_number<milliseconds::rep>()};
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

void read(const json::object& from, json::string_view name, std::optional<milliseconds>& value)
{
    if (const auto* found = from.if_contains(name))
        value = milliseconds{found->to_number<milliseconds::rep>()};
}

template <class T>
void read(const json::object& from, json::string_view name, std::optional<T>& value)
{
    if (const auto* found = from.if_contains(name))
        value = found->to_number<T>();
}

backoff backoff_from(const json::object& from)
{
    backoff out;
    if (const auto* type = from.if_contains("type"))
        for (const auto& [known, name] : backoff_names)
            if (std::string_view{type->as_string().data(), type->as_string().size()} == name)
                out.type = known;
    out.delay = milliseconds{from.at("delay").to_number<milliseconds::rep>()};
    out.max = milliseconds{from.at("max").to_number<milliseconds::rep>()};
    out.jitter = from.at("jitter").to_number<double>();
    if (const auto* name = from.if_contains("name"))
        out.name = name->as_string();
    return out;
}

retention retention_from(const json::object& from)
{
    retention out;
    if (const auto* remove = from.if_contains("remove"))
        out.remove = remove->as_bool();
    if (const auto* age = from.if_contains("age"))
        out.age = seconds{age->to_number<seconds::rep>()};
    read(from, "count", out.count);
    return out;
}

job_options options_from(const json::object& from)
{
    job_options out;
    read(from, "priority", out.priority);
    if (const auto* lifo = from.if_contains("lifo"))
        out.lifo = lifo->as_bool();
    read(from, "attempts", out.attempts);
    if (const auto* value = from.if_contains("backoff"))
        out.backoff = backoff_from(value->as_object());
    if (const auto* value = from.if_contains("on_completed"))
        out.on_completed = retention_from(value->as_object());
    if (const auto* value = from.if_contains("on_failed"))
        out.on_failed = retention_from(value->as_object());
    read(from, "timeout", out.timeout);
    read(from, "ttl", out.ttl);
    read(from, "max_stalled_count", out.max_stalled_count);
    read(from, "max_deferrals", out.max_deferrals);
    read(from, "keep_logs", out.keep_logs);
    read(from, "keep_attempts", out.keep_attempts);
    if (const auto* dedup = from.if_contains("dedup"))
        out.dedup = dedup_from(dedup->as_object());
    if (const auto* group = from.if_contains("group"))
        out.group = group->as_string();
    if (const auto* tags = from.if_contains("tags"))
        for (const auto& [key, value] : tags->as_object())
            out.tags.emplace(key, value.as_string());
    check(out);
    return out;
}

}  // namespace

std::string options_to_json(const job_options& options)
{
    json::object out;
    out["priority"] = *options.priority;
    out["lifo"] = *options.lifo;
    out["attempts"] = *options.attempts;
    out["backoff"] = to_json(*options.backoff);
    out["on_completed"] = to_json(*options.on_completed);
    out["on_failed"] = to_json(*options.on_failed);
    out["max_stalled_count"] = *options.max_stalled_count;
    if (options.timeout)
        out["timeout"] = options.timeout->count();
    if (options.ttl)
        out["ttl"] = options.ttl->count();
    if (options.max_deferrals != 1000)
        out["max_deferrals"] = *options.max_deferrals;
    if (options.dedup)
        out["dedup"] = to_json(*options.dedup);
    if (options.group)
        out["group"] = *options.group;
    if (!options.tags.empty())
        out["tags"] = to_json(options.tags);
    out["keep_logs"] = *options.keep_logs;
    out["keep_attempts"] = *options.keep_attempts;
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

std::shared_ptr<const job_options> options_cache::parse(std::string_view text)
{
    if (!options_ || text != text_) {
        options_ = std::make_shared<const job_options>(options_from_json(text));
        text_ = text;
    }
    return options_;
}

}  // namespace cofila::domain
