#include "domain/ranges.hpp"

#include <cstdint>
#include <limits>

#include "domain/text.hpp"

namespace cofila::domain {

void require(bool holds, std::string_view field, std::string_view text)
{
    if (!holds)
        throw error{errc::invalid_argument, field, text};
}

void check_name(std::string_view field, std::string_view text)
{
    if (text.empty() || text.size() > max_name_bytes)
        throw error{
            errc::invalid_argument,
            field,
            "must have 1 to " + std::to_string(max_name_bytes) + " bytes, not " + std::to_string(text.size())
        };
    require(is_utf8(text), field, "is not UTF-8");
    require(!has_control_characters(text), field, "must not have control characters");
}

void check_not_negative(std::string_view field, milliseconds value)
{
    if (value < milliseconds{})
        throw error{errc::invalid_argument, field, "must not be negative, but is " + std::to_string(value.count())};
}

void check_positive(std::string_view field, milliseconds value)
{
    if (value <= milliseconds{})
        throw error{errc::invalid_argument, field, "must be more than 0, but is " + std::to_string(value.count())};
}

void check_backoff(std::string_view field, const backoff& value)
{
    const std::string name{field};
    if (value.type == backoff::kind::custom)
        check_name(name + ".name", value.name);
    check_not_negative(name + ".delay", value.delay);
    check_not_negative(name + ".max", value.max);
    require(value.jitter >= 0 && value.jitter <= 1, name + ".jitter", "must be between 0 and 1");  // NaN is not
}

void check_retention(std::string_view field, const retention& value)
{
    // 10'000 years are enough; with more, now + age could overflow.
    static constexpr seconds longest{10'000LL * 366 * 24 * 3600};
    static constexpr std::size_t most{std::numeric_limits<std::int64_t>::max()};
    const std::string name{field};
    if (value.age)
        check_range(name + ".age", value.age->count(), seconds::rep{0}, longest.count());
    if (value.count)
        check_range(name + ".count", *value.count, std::size_t{0}, most);
}

void check_deduplication(std::string_view field, const deduplication& value)
{
    const std::string name{field};
    check_name(name + ".id", value.id);
    if (value.how == deduplication::mode::throttle || value.how == deduplication::mode::extend)
        check_positive(name + ".ttl", value.ttl);
}

void check_tags(std::string_view field, const std::map<std::string, std::string>& tags)
{
    if (tags.size() > most_tags)
        throw error{errc::invalid_argument, field, "must be at most " + std::to_string(most_tags)};
    for (const auto& [key, value] : tags) {
        check_name(field, key);
        check_name(std::string{field}.append("['").append(key).append("']"), value);
    }
}

}  // namespace cofila::domain
