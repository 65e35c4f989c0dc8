#pragma once
#include <cofila/error.hpp>
#include <cofila/job_options.hpp>

#include <cstddef>
#include <map>
#include <string>
#include <string_view>

namespace cofila::domain {

inline constexpr int max_priority = 2'097'151;
inline constexpr std::size_t max_name_bytes = 200;
inline constexpr std::size_t most_tags = 32;

// Each of these throws `errc::invalid_argument` naming `field`, or a part of it such as "backoff.delay", if the value
// is out of its range.

/// `text` says what must hold, and follows `field` in the error.
void require(bool holds, std::string_view field, std::string_view text);

template <class T>
void check_range(std::string_view field, T value, T least, T most)
{
    if (value < least || value > most)
        throw error{
            errc::invalid_argument,
            field,
            "must be between " + std::to_string(least) + " and " + std::to_string(most) + ", not " +
                std::to_string(value)
        };
}

/// A name has 1 to 200 bytes of UTF-8 without control characters.
void check_name(std::string_view field, std::string_view text);
void check_not_negative(std::string_view field, milliseconds value);
void check_positive(std::string_view field, milliseconds value);
void check_backoff(std::string_view field, const backoff& value);
void check_retention(std::string_view field, const retention& value);
void check_deduplication(std::string_view field, const deduplication& value);
void check_tags(std::string_view field, const std::map<std::string, std::string>& tags);

}  // namespace cofila::domain
