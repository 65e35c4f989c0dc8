#include "postgres/address.hpp"

#include <cstdlib>
#include <memory>
#include <vector>

#include "domain/ranges.hpp"
#include "postgres/libpq.hpp"

namespace cofila::postgres {

namespace {

constexpr std::string_view stars = "***";

struct options_deleter {
    void operator()(PQconninfoOption* made) const noexcept { PQconninfoFree(made); }
};
/// The values that a target gives; null if libpq does not understand it.
using given_options = std::unique_ptr<PQconninfoOption, options_deleter>;

/// What libpq says of a target that it does not understand quotes from it, and is dropped.
given_options parse(const std::string& target)
{
    char* problem = nullptr;
    given_options out{PQconninfoParse(target.c_str(), &problem)};
    PQfreemem(problem);
    return out;
}

std::string value_of(const given_options& given, std::string_view keyword)
{
    for (const auto* option = given.get(); option && option->keyword; ++option)
        if (option->keyword == keyword && option->val)
            return option->val;
    return {};
}

/// What must not be shown. An unreadable target is a secret as a whole.
std::vector<std::string> secrets_of(const std::string& target)
{
    const auto given = parse(target);
    if (!given)
        return {target};
    std::vector<std::string> out{value_of(given, "password"), value_of(given, "sslpassword")};
    if (const char* const password = std::getenv("PGPASSWORD"))
        out.emplace_back(password);
    std::erase(out, std::string{});
    return out;
}

}  // namespace

void check_target(const std::string& target)
{
    domain::require(parse(target) != nullptr, "database", "is no URL or connection string that libpq understands");
}

void check_schema_name(std::string_view schema)
{
    constexpr std::size_t longest = 40;
    constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyz_";
    constexpr std::string_view digits = "0123456789";
    const bool good = !schema.empty() && schema.size() <= longest &&
                      digits.find(schema.front()) == std::string_view::npos &&
                      schema.find_first_not_of(std::string{letters} + std::string{digits}) == std::string_view::npos;
    domain::require(good, "schema", "must be 1 to 40 of a-z, 0-9 and _, and not begin with a digit");
}

bool names_several_hosts(const std::string& target)
{
    const auto given = parse(target);
    return (value_of(given, "host") + value_of(given, "hostaddr")).find(',') != std::string::npos;
}

std::string without_secrets(std::string_view text, const std::string& target)
{
    std::string out{text};
    for (const auto& secret : secrets_of(target))
        for (auto at = out.find(secret); at != std::string::npos; at = out.find(secret, at + stars.size()))
            out.replace(at, secret.size(), stars);
    return out;
}

std::string shown_address(const place& of)
{
    return "postgresql://" + of.host + ":" + of.port + "/" + of.database + "?schema=" + of.schema;
}

}  // namespace cofila::postgres
