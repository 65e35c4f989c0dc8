#pragma once
#include <cofila/repository/lock.hpp>

#include <cstdint>
#include <string>

namespace cofila::domain {

/// A UUID of version 7 (RFC 9562): 48 bits of milliseconds, then random bits. `sequence` counts within one
/// millisecond, so that ids made in order sort in order.
std::string uuid_v7(time_point now, std::uint16_t sequence, std::uint64_t random);

/// 32 hexadecimal digits.
std::string to_text(const lock_token& token);

/// Makes ids that sort in the order in which they are made, even within a millisecond and when the clock steps back.
class id_maker {
public:
    std::string next(time_point now, std::uint64_t random);

private:
    time_point last_{time_point::min()};
    std::uint16_t sequence_ = 0;
};

}  // namespace cofila::domain
