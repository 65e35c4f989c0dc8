#include "postgres/statements.hpp"

#include <charconv>
#include <functional>
#include <string_view>

#include "domain/generated_id.hpp"
#include "postgres/libpq.hpp"

namespace cofila::postgres {

namespace {

constexpr std::string_view name_characters = "abcdefghijklmnopqrstuvwxyz_0123456789";

/// Follows from the text: two programs that share a connection of a pooler mean the same by it.
std::string name_of(const std::string& text) { return "cofila_" + std::to_string(std::hash<std::string>{}(text)); }

/// Whatever else it begins with may write.
bool only_reads(std::string_view sql)
{
    sql.remove_prefix(std::min(sql.find_first_not_of(" \n"), sql.size()));
    return sql.starts_with("SELECT") || sql.starts_with("BEGIN");
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

const statements::statement& statements::find(const char* sql)
{
    if (const auto known = known_.find(sql); known != known_.end())
        return known->second;
    statement made{.text = with_schema(sql, schema_), .writes = !only_reads(sql)};
    made.name = name_of(made.text);
    if (link_->prepares())
        link_->prepare(made.name, made.text);
    return known_[sql] = std::move(made);
}

rows statements::run(const char* sql, parameters values)
{
    if (!link_)
        return run_as_guest_(with_schema(sql, schema_), values);
    if (!any_waiting()) {
        const auto& found = find(sql);
        note(found);
        return rows{link_->prepares() ? link_->run_prepared(found.name, values) : link_->run_whole(found.text, values)};
    }
    std::optional<rows> out;
    put_off(sql, std::move(values), [&out](rows got) { out.emplace(std::move(got)); });
    send();
    return std::move(*out);
}

void statements::put_off(const char* sql, parameters values, std::function<void(rows)> take)
{
    if (!link_) {
        auto got = run(sql, std::move(values));
        return take ? take(std::move(got)) : void();
    }
    const auto& found = find(sql);
    note(found);
    const bool prepared = link_->prepares();
    message one{.name = prepared ? found.name : found.text, .is_prepared = prepared, .values = std::move(values)};
    if (take)
        one.take = [take = std::move(take)](result got) { take(rows{std::move(got)}); };
    waiting_.push_back(std::move(one));
}

void statements::later_text(std::string sql) { waiting_.push_back({.name = std::move(sql), .is_prepared = false}); }

void statements::send()
{
    if (!any_waiting())
        return;
    const auto all = take_waiting();
    link_->run_all(all);
}

void statements::note(const statement& used) noexcept
{
    ++count_;
    writes_ += used.writes ? 1 : 0;
}

std::vector<std::string> statements::texts() const
{
    std::vector<std::string> out;
    for (const auto& [text, found] : known_)
        out.push_back(with_schema(text, schema_));
    return out;
}

}  // namespace cofila::postgres
