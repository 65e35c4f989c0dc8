// Compares the objects of a file with those that the migrations make. What is expected is not written down a second
// time: once for each version and process the migrations run in a database in memory, and its sqlite_schema is read. In
// the file every object named `cofila_...`, or standing on a table named so, must be among them and equal in type,
// table and text; the observing triggers of that version may be there or not. A trigger, view or index of another
// program is refused by name (`errc::storage_foreign`), since it would run within our transactions; one of ours that is
// missing or altered means damage (`errc::storage_corrupt`). Texts are compared without comments and superfluous space,
// as SQLite versions differ in what they keep. After opening, a session repeats the check only when the file's schema
// cookie has changed, so that it costs nothing in normal operation.
#include "sqlite/stored_schema.hpp"

#include <cofila/error.hpp>

#include <SQLiteCpp/Statement.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <mutex>
#include <utility>

#include "sqlite/migrations.hpp"
#include "sqlite/triggers.hpp"

namespace cofila::sqlite {

namespace {

struct object {
    std::string type{};
    std::string table{};
    std::string sql{};
    bool optional = false;

    bool is_like(const object& other) const { return type == other.type && table == other.table && sql == other.sql; }
};

using objects = std::map<std::string, object, std::less<>>;

bool is_part_of_word(char c) { return c == '_' || c == '$' || (c & 0x80) != 0 || std::isalnum(c) != 0; }

/// The position behind the comment or space that begins here; the same position if none does.
std::size_t skip_space(std::string_view sql, std::size_t at)
{
    if (sql.substr(at).starts_with("--"))
        return std::min(sql.find('\n', at), sql.size());
    if (sql.substr(at).starts_with("/*")) {
        const auto end = sql.find("*/", at + 2);
        return end == std::string_view::npos ? sql.size() : end + 2;
    }
    return std::isspace(static_cast<unsigned char>(sql[at])) != 0 ? at + 1 : at;
}

/// The position behind the quoted text or the single character that begins here. A doubled quote within a text splits
/// it in two, which together are the same.
std::size_t skip_token(std::string_view sql, std::size_t at)
{
    constexpr std::string_view opening = "'\"`[";
    constexpr std::string_view closing = "'\"`]";
    const auto quote = opening.find(sql[at]);
    if (quote == std::string_view::npos)
        return at + 1;
    const auto end = sql.find(closing[quote], at + 1);
    return end == std::string_view::npos ? sql.size() : end + 1;
}

objects read_objects(SQLite::Database& db)
{
    objects out;
    SQLite::Statement row{
        db,
        "SELECT type, name, tbl_name, coalesce(sql, '') FROM sqlite_schema "
        R"(WHERE name LIKE 'cofila\_%' ESCAPE '\' OR tbl_name LIKE 'cofila\_%' ESCAPE '\')"
    };
    while (row.executeStep())
        out[row.getColumn(1).getString()] = {
            .type = row.getColumn(0).getString(),
            .table = row.getColumn(2).getString(),
            .sql = bare_sql(row.getColumn(3).getString())
        };
    return out;
}

objects make_objects(std::int64_t version)
{
    SQLite::Database db{":memory:", SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE};
    make_tables(db, 0, version);
    auto out = read_objects(db);
    for (const auto& sql : observing_triggers(version))
        db.exec(sql);
    for (auto& [name, made] : read_objects(db))
        if (out.emplace(name, made).second)
            out[name].optional = true;
    return out;
}

[[noreturn]] void refuse(const std::string& path, const std::string& name, const object& made)
{
    throw error{
        errc::storage_foreign,
        "'" + path + "': the " + made.type + " '" + name + "' on '" + made.table +
            "' is not ours, and would take part in what is done with the jobs; drop it"
    };
}

[[noreturn]] void report_damage(
    const std::string& path, const std::string& name, const object& made, const std::string& state
)
{
    throw error{
        errc::storage_corrupt,
        "'" + path + "': the " + made.type + " '" + name + "' is " + state + "; restore the file from a backup"
    };
}

/// Made once for each version and process, by the migrations themselves.
const objects& objects_of(std::int64_t version)
{
    static std::mutex one_at_a_time;
    static std::map<std::int64_t, objects> known;
    const std::lock_guard lock{one_at_a_time};
    const auto found = known.find(version);
    return found != known.end() ? found->second : known.emplace(version, make_objects(version)).first->second;
}

}  // namespace

std::string bare_sql(std::string_view sql)
{
    std::string out;
    bool apart = false;
    for (std::size_t at = 0; at < sql.size();) {
        if (const auto next = skip_space(sql, at); next != at) {
            apart = true;
            at = next;
            continue;
        }
        if (apart && !out.empty() && is_part_of_word(out.back()) && is_part_of_word(sql[at]))
            out += ' ';
        apart = false;
        const auto next = skip_token(sql, at);
        out += sql.substr(at, next - at);
        at = next;
    }
    return out;
}

void check_objects(SQLite::Database& db, std::int64_t version, const std::string& path)
{
    const auto& expected = objects_of(version);
    const auto found = read_objects(db);
    for (const auto& [name, what] : found)
        if (!expected.contains(name))
            refuse(path, name, what);
    for (const auto& [name, what] : expected) {
        const auto there = found.find(name);
        if (there == found.end() ? !what.optional : !there->second.is_like(what))
            report_damage(path, name, what, there == found.end() ? "missing" : "not as it was made");
    }
}

}  // namespace cofila::sqlite
