#include "postgres/statements.hpp"

#include <libpq-fe.h>

#include <charconv>
#include <string_view>

#include "domain/generated_id.hpp"

namespace cofila::postgres {

namespace {

constexpr std::string_view name_characters = "abcdefghijklmnopqrstuvwxyz_0123456789";

/// Whatever else it begins with may write.
bool only_reads(std::string_view sql)
{
    sql.remove_prefix(std::min(sql.find_first_not_of(" \n"), sql.size()));
    return sql.starts_with("SELECT");
}

std::string_view value_of(const result& all, int row, int column)
{
    return {PQgetvalue(all.get(), row, column), static_cast<std::size_t>(PQgetlength(all.get(), row, column))};
}

std::int64_t to_number(std::string_view text)
{
    if (text == "t")
        return 1;
    std::int64_t out = 0;
    std::from_chars(text.data(), text.data() + text.size(), out);
    return out;
}

}  // namespace

bool rows::step() { return ++row_ < PQntuples(all_.get()); }

std::int64_t rows::number(int column) const { return to_number(value_of(all_, row_, column)); }

std::string rows::text(int column) const { return std::string{value_of(all_, row_, column)}; }

std::string rows::bytes(int column) const
{
    const auto text = value_of(all_, row_, column);
    return text.starts_with("\\x") ? domain::from_hex(text.substr(2)) : std::string{};
}

bool rows::is_null(int column) const { return PQgetisnull(all_.get(), row_, column) != 0; }

std::optional<time_point> rows::time(int column) const
{
    return is_null(column) ? std::nullopt : std::optional{time_point{milliseconds{number(column)}}};
}

int rows::count() const
{
    if (PQresultStatus(all_.get()) == PGRES_TUPLES_OK)
        return PQntuples(all_.get());
    return static_cast<int>(to_number(PQcmdTuples(all_.get())));
}

std::string with_schema(const char* sql, const std::string& schema)
{
    std::string out;
    for (std::string_view left{sql}; !left.empty();) {
        const auto at = left.find('@');
        out += left.substr(0, at);
        left.remove_prefix(std::min(at, left.size()));
        if (left.empty())
            break;
        const auto name = left.substr(1, left.find_first_not_of(name_characters, 1) - 1);
        out += name.empty() ? "@" : '"' + schema + "\".\"" + std::string{name} + '"';
        left.remove_prefix(1 + name.size());
    }
    return out;
}

const statements::prepared& statements::find(const char* sql)
{
    if (const auto known = known_.find(sql); known != known_.end())
        return known->second;
    const prepared made{.name = "s" + std::to_string(known_.size()), .writes = !only_reads(sql)};
    link_.prepare(made.name, with_schema(sql, link_.schema()));
    return known_[sql] = made;
}

rows statements::run(const char* sql, const parameters& values)
{
    const auto& found = find(sql);
    writes_ += found.writes ? 1 : 0;
    return rows{link_.run_prepared(found.name, values)};
}

std::vector<std::string> statements::texts() const
{
    std::vector<std::string> out;
    for (const auto& [text, statement] : known_)
        out.push_back(with_schema(text, link_.schema()));
    return out;
}

}  // namespace cofila::postgres
