#pragma once
#include <string>
#include <string_view>

// A target is a URL or a conninfo string, as libpq takes them. It may hold a password, so it is never shown as it is.
namespace cofila::postgres {

/// Throws `errc::invalid_argument`, field `database`, for a target that libpq does not understand.
void check_target(const std::string& target);
/// Throws `errc::invalid_argument`, field `schema`, unless it is 1 to 40 bytes of `[a-z_][a-z0-9_]*`.
void check_schema_name(std::string_view schema);

/// Whether one of several servers is to be chosen.
bool names_several_hosts(const std::string& target);

/// Returns the text with every password that the target or the environment gives replaced by `***`, in one line.
std::string without_secrets(std::string_view text, const std::string& target);

struct place {
    std::string host{};
    std::string port{};
    std::string database{};
    std::string schema{};
};

/// As in `postgresql://db.example:5432/jobs?schema=cofila`.
std::string shown_address(const place& of);

}  // namespace cofila::postgres
