#pragma once
#include <cofila/queue_types.hpp>

#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>

#include "domain/ranges.hpp"

namespace cofila::domain {

/// Whether the stored form of a job's options has an option that is set.
enum class stored { no, yes, unless_default };

struct between {
    int least;
    int most;
    void operator()(std::string_view field, int value) const { check_range(field, value, least, most); }
};

struct any_value {
    void operator()(std::string_view, bool) const {}
};

/// In place of a default: the option stays unset.
struct no_default {};

/// `Default` is a value, a function that makes one, the member of `queue_options` that has it, or `no_default`.
template <class T, class Range, class Default>
struct option {
    const char* name;  ///< In errors and in the stored form.
    T job_options::* member;
    Range range;  ///< Called with the name and a value, it throws if the value is out of range.
    Default otherwise;
    stored how;

    void set_default(T& value, const queue_options& queue) const
    {
        if constexpr (std::is_invocable_v<Default, const queue_options&>)
            value = std::invoke(otherwise, queue);
        else if constexpr (std::is_invocable_v<Default>)
            value = otherwise();
        else if constexpr (!std::is_same_v<Default, no_default>)
            value = otherwise;
    }

    bool is_default(const T& value) const
    {
        if constexpr (requires { value == otherwise; })
            return value == otherwise;
        else
            return false;
    }
};

template <class T, class Range, class Default>
option(const char*, T job_options::*, Range, Default, stored) -> option<T, Range, Default>;

inline constexpr int many = std::numeric_limits<int>::max();

/// All options but the id, which has no default and is the job's own. The stored form has them in this order, and of
/// several faults `check` reports the first. A new option needs its member in `job_options` and its row here.
inline constexpr std::tuple option_table{
    option{"priority", &job_options::priority, between{0, max_priority}, 0, stored::yes},
    option{"lifo", &job_options::lifo, any_value{}, false, stored::yes},
    option{"delay", &job_options::delay, check_not_negative, milliseconds{}, stored::no},  // stored as the due time
    option{"attempts", &job_options::attempts, between{1, many}, 1, stored::yes},
    option{"backoff", &job_options::backoff, check_backoff, backoff::none, stored::yes},
    option{"on_completed", &job_options::on_completed, check_retention, &queue_options::on_completed, stored::yes},
    option{"on_failed", &job_options::on_failed, check_retention, &queue_options::on_failed, stored::yes},
    option{"max_stalled_count", &job_options::max_stalled_count, between{0, many - 1}, 1, stored::yes},
    option{"timeout", &job_options::timeout, check_positive, no_default{}, stored::yes},
    option{"ttl", &job_options::ttl, check_positive, no_default{}, stored::yes},
    option{"max_deferrals", &job_options::max_deferrals, between{0, many - 1}, 1000, stored::unless_default},
    option{"dedup", &job_options::dedup, check_deduplication, no_default{}, stored::yes},
    option{"group", &job_options::group, check_name, no_default{}, stored::yes},
    option{"tags", &job_options::tags, check_tags, no_default{}, stored::yes},
    option{"keep_logs", &job_options::keep_logs, between{0, many}, 1000, stored::yes},
    option{"keep_attempts", &job_options::keep_attempts, between{0, many}, 20, stored::yes},
};

template <class Call>
void for_each_option(const Call& call)
{
    std::apply([&](const auto&... row) { (call(row), ...); }, option_table);
}

/// The value of an option, or null if it is unset.
template <class T>
const T* if_set(const std::optional<T>& value)
{
    return value ? &*value : nullptr;
}

inline const auto* if_set(const std::map<std::string, std::string>& tags) { return tags.empty() ? nullptr : &tags; }

}  // namespace cofila::domain
