#include "postgres/problem.hpp"

#include <algorithm>
#include <cctype>
#include <new>
#include <string_view>

#include "postgres/address.hpp"
#include "postgres/session.hpp"

namespace cofila::postgres {

namespace {

struct meaning {
    errc code = errc::internal;
    const char* advice = "this is a mistake of cofila, nothing was changed; please report it";
    bool may_pass = false;
};

constexpr std::size_t class_length = 2;

/// By the state's class first; the exceptions from its class stand before it.
meaning meaning_of(std::string_view state)
{
    const auto of_class = state.substr(0, class_length);
    if (state == "40001" || state == "40P01")
        return {errc::storage_busy, "others changed the same rows; nothing was changed, try again", true};
    if (state == "26000" || state == "42P05")
        return {errc::storage_busy, "a pooler changes connections: say prepare=off in the connection string", true};
    if (state == "55P03" || state == "57014")
        return {errc::storage_busy, "it took longer than operation_deadline, and nothing was changed"};
    if (state == "53100")
        return {errc::storage_full, "make room on the server's disk; nothing was changed"};
    if (of_class == "53" || of_class == "57" || of_class == "08")
        return {errc::storage_busy, "the server cannot serve at present; nothing was changed, try again"};
    if (state == "54000" || state == "54001")
        return {errc::payload_too_large, "PostgreSQL stores nothing as large as this"};
    if (state == "22021")
        return {errc::invalid_argument, "a text that it was given is not UTF-8, or has a zero byte"};
    if (state == "25006")
        return {errc::storage_readonly, "the server is a standby or was told not to write", true};
    if (state == "42501" || of_class == "28")
        return {errc::storage_readonly, "the role must exist and have the rights that docs/postgres.md names"};
    if (of_class == "3D")
        return {errc::storage_readonly, "the database must exist: cofila creates its schema, not the database"};
    if (state == "42P01" || state == "42703" || of_class == "3F")
        return {errc::storage_corrupt, "tables of the schema are missing or have changed; open the engine anew"};
    if (state == "XX001" || state == "XX002")
        return {errc::storage_corrupt, "the server's files are damaged; restore them from a backup"};
    return {};
}

error with(errc code, const std::string& name, const std::string& what, const std::string& advice)
{
    return {code, "'" + name + "': " + what + "; " + advice};
}

bool is_state(std::string_view text)
{
    return std::ranges::all_of(text, [](unsigned char c) { return std::isdigit(c) || std::isupper(c); });
}

/// The SQLSTATE in a text such as `FATAL:  28P01: no such role`; "" if there is none.
std::string_view state_in(std::string_view text)
{
    constexpr std::string_view before = ":  ";
    constexpr std::size_t length = 5;
    for (auto at = text.find(before); at != std::string_view::npos; at = text.find(before, at + 1)) {
        const auto found = text.substr(at + before.size(), length);
        if (found.size() == length && is_state(found) && text.substr(at + before.size() + length, 1) == ":")
            return found;
    }
    return {};
}

/// The lines of a text in one, without where in the server's sources it comes from.
std::string in_one_line(std::string_view text)
{
    std::string out;
    while (!text.empty()) {
        auto line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
        line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
        if (line.empty() || line.starts_with("LOCATION:"))
            continue;
        out += out.empty() ? "" : "; ";
        out += line;
    }
    return out;
}

}  // namespace

store::failure describe_current(const std::string& name)
{
    try {
        throw;
    } catch (const sql_error& e) {
        return describe(e, name);
    } catch (const outdated& e) {
        return {.why = with(errc::storage_busy, name, e.what(), "nothing was changed, try again"), .may_pass = true};
    } catch (const needs_store& e) {
        return {.why = with(errc::internal, name, e.what(), meaning{}.advice), .needs_store = true};
    } catch (const commit_lost& e) {
        return describe(e, name);
    } catch (const link_lost& e) {
        return describe(e, name);
    } catch (const error& e) {
        return {.why = e};
    } catch (const std::bad_alloc&) {
        return {.why = {errc::storage_busy, "'" + name + "': out of memory; nothing was changed, try again"}};
    } catch (const std::exception& e) {
        return {.why = with(errc::internal, name, e.what(), meaning{}.advice)};
    }
}

store::failure describe(const sql_error& e, const std::string& name)
{
    const auto means = meaning_of(e.state());
    const auto what = std::string{e.what()} + " (SQLSTATE " + e.state() + ")";
    return {.why = with(means.code, name, what, means.advice), .may_pass = means.may_pass};
}

store::failure describe(const link_lost& e, const std::string& name)
{
    const auto what = "the connection was lost: " + in_one_line(e.what());
    return {.why = with(errc::storage_busy, name, what, "nothing was changed, try again"), .may_pass = true};
}

store::failure describe(const commit_lost& e, const std::string& name)
{
    const auto what = "the connection was lost during a commit: " + in_one_line(e.what());
    return {.why = with(errc::outcome_unknown, name, what, "whether the change was stored is not known")};
}

error connect_error(const std::string& target, const std::string& text)
{
    const auto state = state_in(text);
    const auto means =
        state.empty() ? meaning{.code = errc::storage_busy, .advice = "is the server there?"} : meaning_of(state);
    return {means.code, "cannot connect: " + in_one_line(without_secrets(text, target)) + "; " + means.advice};
}

}  // namespace cofila::postgres
