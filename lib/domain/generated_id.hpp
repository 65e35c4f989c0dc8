#pragma once
#include <cofila/repository/job_record.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace cofila::domain {

/// Keys are smaller than this, so that they fit into an id.
inline constexpr std::int64_t most_keys = std::int64_t{1} << 48;

/// An id that says where its job is stored: a UUID of version 8 (RFC 9562) of 48 bits of the job's key, and 74 random
/// ones, between which stand version and variant.
struct generated_id {
    std::int64_t key = 0;
    random_id_part random{};

    std::string text() const;
};

/// Unset for a text that is no such id.
std::optional<generated_id> parse_generated_id(std::string_view text);
/// `random` has 10 bytes; others are taken for zeros.
generated_id make_generated_id(std::int64_t key, std::string_view random);

/// The part of a generated id that its key makes, at the id's beginning. It sorts as the keys do.
std::string key_part(std::int64_t key);
/// The smallest key whose generated ids may come at or behind a text; `most_keys` if there is none.
std::int64_t first_key_at(std::string_view text);

/// Takes 12 random bits of `high` and 62 of `low`.
random_id_part make_random_part(std::uint64_t high, std::uint64_t low);
/// Gives a new job its key and, unless the caller chose one, its id.
void assign_key(job_record& job, std::int64_t key);

/// Hexadecimal digits of any bytes, and back. A text of another form has no bytes.
std::string to_hex(std::string_view bytes);
std::string from_hex(std::string_view text);

}  // namespace cofila::domain
