// A connection string is taken apart only as far as needed: into the pairs of a URL's query, or into `keyword = value`
// as libpq reads them, with quotes and backslashes. The other parts stay as they are.
#include "postgres/own_parameters.hpp"

#include <string_view>
#include <vector>

#include "domain/ranges.hpp"

namespace cofila::postgres {

namespace {

constexpr std::string_view blanks = " \t\r\n\f\v";

std::size_t skip_blanks(std::string_view text, std::size_t from)
{
    return std::min(text.find_first_not_of(blanks, from), text.size());
}

std::size_t end_of_value(std::string_view text, std::size_t from)
{
    const bool quoted = from < text.size() && text[from] == '\'';
    const auto ends = [&](std::size_t at) {
        return quoted ? at > from && text[at] == '\'' : blanks.find(text[at]) != std::string_view::npos;
    };
    auto at = from;
    while (at < text.size() && !ends(at))
        at += text[at] == '\\' ? 2U : 1U;
    return std::min(at + (quoted ? 1U : 0U), text.size());
}

/// `keyword = value`, each with what stands before it.
std::vector<std::string_view> pairs_of_words(std::string_view text)
{
    std::vector<std::string_view> out;
    for (std::size_t from = 0; skip_blanks(text, from) < text.size();) {
        const auto keyword = skip_blanks(text, from);
        const auto equals = skip_blanks(text, std::min(text.find_first_of("= \t\r\n\f\v", keyword), text.size()));
        const bool has_value = equals < text.size() && text[equals] == '=';
        const auto end = has_value ? end_of_value(text, skip_blanks(text, equals + 1)) : equals;
        out.push_back(text.substr(from, end - from));
        from = end;
    }
    return out;
}

std::vector<std::string_view> pairs_of_query(std::string_view query)
{
    std::vector<std::string_view> out;
    while (!query.empty()) {
        out.push_back(query.substr(0, query.find('&')));
        query.remove_prefix(std::min(out.back().size() + 1, query.size()));
    }
    return out;
}

std::string_view keyword_of(std::string_view pair)
{
    const auto from = skip_blanks(pair, 0);
    return pair.substr(from, pair.find_first_of("= \t\r\n\f\v", from) - from);
}

/// Without blanks and quotes around it.
std::string_view value_of(std::string_view pair)
{
    constexpr std::string_view around = " \t\r\n\f\v'";
    pair.remove_prefix(std::min(pair.find('='), pair.size() - 1) + 1);
    pair.remove_prefix(std::min(pair.find_first_not_of(around), pair.size()));
    return pair.substr(0, pair.find_last_not_of(around) + 1);
}

bool is_ours(std::string_view pair, own_parameters& out)
{
    if (keyword_of(pair) != "prepare")
        return false;
    const auto value = value_of(pair);
    domain::require(value == "on" || value == "off", "database", "has a 'prepare' that is neither 'on' nor 'off'");
    out.prepare = value == "on";
    return true;
}

}  // namespace

own_parameters take_own_parameters(const std::string& target)
{
    own_parameters out;
    if (target.find("://") == std::string::npos || target.find("://") > target.find('=')) {
        for (const auto pair : pairs_of_words(target))
            if (!is_ours(pair, out))
                out.target += pair;
        return out;
    }
    const auto question = std::min(target.find('?'), target.size());
    out.target = target.substr(0, question);
    char before = '?';
    for (const auto pair : pairs_of_query(std::string_view{target}.substr(std::min(question + 1, target.size()))))
        if (!is_ours(pair, out)) {
            out.target += before;
            out.target += pair;
            before = '&';
        }
    return out;
}

}  // namespace cofila::postgres
