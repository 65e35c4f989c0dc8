// A schema is looked at first, without any lock, so that connecting to one that is ready costs one query. Where tables
// are missing, they are made in one transaction under the lock of the schema, after a second look: of several processes
// that open a new database at once, one makes them and the others find it done. The transaction waits for no lock for
// longer than some seconds: everybody else would queue up behind it. The commands are in tables_1.cpp,
// functions_1.cpp and inbox_1.cpp.
#include "postgres/schema.hpp"

#include <cofila/error.hpp>

#include <string>

#include "postgres/address.hpp"
#include "postgres/statements.hpp"

namespace cofila::postgres {

namespace {

/// What stands in the schema.
struct found_schema {
    bool exists = false;
    bool is_empty = true;
    bool on_standby = false;
    std::int64_t version = 0;  ///< 0: it has no tables of ours.
};

void check_server(link& to)
{
    constexpr int oldest = 130000;
    if (to.server_version() < oldest)
        throw error{errc::storage_readonly, to.name() + ": the server is older than PostgreSQL 13, which is needed"};
    if (const auto encoding = to.parameter("server_encoding"); encoding != "UTF8")
        throw error{
            errc::storage_readonly,
            to.name() + ": the database keeps its texts as " + encoding +
                ", and jobs are kept in UTF-8 only; give them a database of their own"
        };
}

found_schema look(link& to)
{
    const auto& schema = to.schema();  // letters, digits and underscores
    rows row{to.run(
        "SELECT count(*) > 0, count(c.relname) = 0, "
        "count(*) FILTER (WHERE c.relname IN ('meta', 'jobs', 'live', 'finished')) = 4, "
        "pg_is_in_recovery() FROM pg_namespace AS n LEFT JOIN pg_class AS c ON c.relnamespace = n.oid WHERE n.nspname "
        "= '" +
        schema + "'"
    )};
    found_schema out;
    if (!row.step())
        return out;
    out.exists = row.number(0) != 0;
    out.is_empty = row.number(1) != 0;
    out.on_standby = row.number(3) != 0;
    if (row.number(2) == 0)
        return out;
    rows version{to.run(with_schema("SELECT value FROM @meta WHERE key = 'schema_version'", schema))};
    out.version = version.step() ? version.number(0) : -1;
    return out;
}

void check(const found_schema& found, link& to)
{
    if (found.on_standby && !to.options().read_only)
        throw error{errc::storage_readonly, to.name() + ": the server is a standby; connect to its primary"};
    if (found.version == 0) {
        if (found.is_empty)
            return;
        throw error{
            errc::storage_foreign,
            to.name() + ": the schema belongs to another application; choose another one by engine_options::schema"
        };
    }
    check_version(found.version, to.name());
}

/// Within a transaction.
void make(link& to)
{
    const auto& schema = to.schema();
    to.run("SET LOCAL lock_timeout = '5s'");
    to.run(lock_command(schema));
    const auto found = look(to);  // again: another process may have been first
    check(found, to);
    if (found.version == current_version)
        return;
    if (!found.exists)
        to.run("CREATE SCHEMA \"" + schema + '"');
    to.run(schema_commands(schema));
}

[[noreturn]] void refuse_to_make(link& to, const std::string& why)
{
    throw error{
        errc::storage_readonly,
        to.name() + " has no tables of cofila, and this connection may not make them: " + why +
            "; open it once with a role that may"
    };
}

void make_in_transaction(link& to)
{
    to.run("BEGIN");
    try {
        make(to);
        to.commit();
    } catch (...) {
        if (to.needs_rollback() && !to.is_lost())
            to.run("ROLLBACK");
        throw;
    }
}

}  // namespace

void check_version(std::int64_t version, const std::string& name)
{
    const auto has = name + " has schema version " + std::to_string(version);
    if (version < 1)
        throw error{errc::storage_corrupt, has + ", which no program wrote; restore it from a backup"};
    if (version > current_version)
        throw error{
            errc::storage_newer,
            has + ", this program knows versions up to " + std::to_string(current_version) +
                "; use a newer version of it"
        };
}

std::string schema_commands(const std::string& schema)
{
    std::string out;
    for (const auto* commands : {tables_of_1(), functions_of_1(), inbox_of_1()})
        out += with_schema(commands, schema);
    return out;
}

std::string creation_script(const std::string& schema)
{
    check_schema_name(schema);
    return "BEGIN;\nCREATE SCHEMA \"" + schema + "\";\n" + schema_commands(schema) + "COMMIT;\n";
}

void open_schema(link& to)
{
    constexpr const char* insufficient_privilege = "42501";
    check_server(to);
    const auto found = look(to);
    check(found, to);
    if (found.version == current_version)
        return;
    if (to.options().read_only || !to.options().migrate)
        refuse_to_make(to, "engine_options::migrate is off");
    std::string denied;
    try {
        make_in_transaction(to);
        return;
    } catch (const sql_error& e) {
        if (e.state() != insufficient_privilege)
            throw;
        denied = e.what();
    }
    refuse_to_make(to, denied);
}

}  // namespace cofila::postgres
