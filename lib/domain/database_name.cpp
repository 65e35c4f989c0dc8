#include "domain/database_name.hpp"

#include <algorithm>

namespace cofila::domain {

namespace {

/// Those with which the connection strings of libpq begin; any of its others may follow. A path may have a `=` too.
constexpr std::string_view first_keywords[] = {
    "dbname",
    "host",
    "hostaddr",
    "passfile",
    "password",
    "port",
    "service",
    "sslmode",
    "user",
};

}  // namespace

bool is_postgresql(std::string_view database)
{
    if (database.starts_with("postgresql://") || database.starts_with("postgres://"))
        return true;
    constexpr std::string_view spaces = " \t\n";
    const auto begin = std::min(database.find_first_not_of(spaces), database.size());
    const auto assigned = database.find('=', begin);
    if (assigned == std::string_view::npos)
        return false;
    auto keyword = database.substr(begin, assigned - begin);
    keyword = keyword.substr(0, keyword.find_last_not_of(spaces) + 1);
    return std::ranges::find(first_keywords, keyword) != std::end(first_keywords);
}

}  // namespace cofila::domain
