#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace cofila::domain {

/// A point in time: seconds since 1970-01-01 00:00 UTC, and the rest in units of 10^-18 seconds.
struct instant {
    std::int64_t seconds = 0;
    std::int64_t attoseconds = 0;  ///< 0 ... 10^18 - 1.

    friend bool operator==(const instant&, const instant&) = default;
};

/// As in `2030-01-01T09:30:00.250Z`, with `digits` (0 ... 18) after the point. Unset outside of the years 0 to 9999,
/// which are all that RFC 3339 has.
std::optional<std::string> rfc3339(instant when, int digits);

/// Reads any text of RFC 3339 with at most 18 digits after the point. Unset for other text, and for leap seconds.
std::optional<instant> from_rfc3339(std::string_view text);

}  // namespace cofila::domain
