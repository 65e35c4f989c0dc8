// Lets the application add and complete jobs in a transaction of its own, so that its rows and our jobs are committed
// together or not at all. The connection is the application's: nothing is prepared on it, no setting is changed, and
// parameters are sent as texts, so that any driver can send them. A call sets a savepoint, takes the lock of the schema
// and checks where it is; then it works with a session that lives for this call alone, so that nothing is remembered
// across the application's rollbacks. On any error the savepoint undoes our part, with the lock, and the application's
// transaction goes on. As for an engine's own transactions, the lock is first taken together with others, and alone
// where the work turns out to need that. It is held until the transaction ends, since others must not see a half of it.
// Statements see what others have committed only in READ COMMITTED, and the lock protects nothing otherwise.
#include "postgres/application_transaction.hpp"

#include <cofila/error.hpp>

#include <new>
#include <string>
#include <string_view>
#include <utility>

#include "postgres/address.hpp"
#include "postgres/libpq.hpp"
#include "postgres/mailbox.hpp"
#include "postgres/problem.hpp"
#include "postgres/schema.hpp"
#include "postgres/session.hpp"
#include "store/adding.hpp"
#include "store/settling.hpp"

namespace cofila::postgres {

namespace {

constexpr const char* lock_alone = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))";
constexpr const char* lock_beside_others = "SELECT pg_advisory_xact_lock_shared(hashtextextended($1, 0))";

error unfit(std::string_view text) { return {errc::invalid_argument, "db", text}; }

/// What libpq would return for the same rows.
result to_result(const sql_rows& all)
{
    result out{PQmakeEmptyPGresult(nullptr, PGRES_TUPLES_OK)};
    if (!out)
        throw std::bad_alloc{};
    if (all.empty())
        return out;
    std::vector<PGresAttDesc> columns(all.front().size());
    bool fits = PQsetResultAttrs(out.get(), static_cast<int>(columns.size()), columns.data()) != 0;
    for (std::size_t row = 0; row < all.size(); ++row)
        for (std::size_t column = 0; column < columns.size(); ++column) {
            auto value = all[row].at(column);
            fits = fits && PQsetvalue(
                               out.get(),
                               static_cast<int>(row),
                               static_cast<int>(column),
                               value ? value->data() : nullptr,
                               value ? static_cast<int>(value->size()) : -1
                           ) != 0;
        }
    if (!fits)
        throw std::bad_alloc{};
    return out;
}

rows run_by_function(const sql_function& run, const std::string& sql, const parameters& values)
{
    std::vector<sql_value> given;
    for (int i = 0; i < values.count(); ++i) {
        const char* const value = values.values()[i];
        given.push_back(value ? sql_value{value} : std::nullopt);
    }
    return rows{to_result(run(sql, given))};
}

rows run_by_libpq(pg_conn* db, const std::string& sql, const parameters& values)
{
    result out{
        PQexecParams(db, sql.c_str(), values.count(), nullptr, values.values(), values.lengths(), values.formats(), 0)
    };
    const auto status = PQresultStatus(out.get());
    if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK)
        return rows{std::move(out)};
    if (!out || PQstatus(db) != CONNECTION_OK)
        throw link_lost{PQerrorMessage(db)};
    throw error_of(out);
}

guest_run runner_of(const transaction& in)
{
    if (in.db())
        return [db = in.db()](const auto& sql, const auto& values) { return run_by_libpq(db, sql, values); };
    return [&run = in.run()](const auto& sql, const auto& values) { return run_by_function(run, sql, values); };
}

void check_transaction(pg_conn* db)
{
#ifdef LIBPQ_HAS_PIPELINING
    if (PQpipelineStatus(db) != PQ_PIPELINE_OFF)
        throw unfit("must not be in pipeline mode");
#endif
    const auto status = PQtransactionStatus(db);
    if (status == PQTRANS_INERROR)
        throw unfit("must be in a transaction that goes on: an error has ended it, so roll it back");
    if (status != PQTRANS_INTRANS)
        throw unfit("must be in a transaction of yours: begin one");
}

/// A savepoint around our writes, rolled back unless `keep()` is called.
class our_part {
public:
    explicit our_part(statements& sql) : sql_{sql} { sql_.query("SAVEPOINT cofila"); }
    our_part(const our_part&) = delete;
    our_part& operator=(const our_part&) = delete;
    ~our_part()
    {
        if (!kept_)
            roll_back();
    }

    void keep()
    {
        sql_.query("RELEASE SAVEPOINT cofila");
        kept_ = true;
    }

private:
    void roll_back() noexcept
    {
        try {
            sql_.query("ROLLBACK TO SAVEPOINT cofila");
            sql_.query("RELEASE SAVEPOINT cofila");
        } catch (...) {  // without a connection there is no transaction any more
        }
    }

    statements& sql_;
    bool kept_ = false;
};

void check_settings(statements& sql)
{
    auto row = sql.query("SELECT current_setting('transaction_isolation'), current_setting('client_encoding'), "
                         "current_setting('bytea_output'), to_regclass('@meta') IS NOT NULL");
    row.step();
    if (row.text(0) != "read committed")
        throw unfit("must be in a READ COMMITTED transaction: others must be seen once they have committed");
    if (row.text(1) != "UTF8")
        throw unfit("must have the client_encoding UTF8");
    if (row.text(2) != "hex")
        throw unfit("must have the bytea_output hex");
    if (row.number(3) == 0)
        throw unfit("must be connected to a database with tables of cofila in this schema, which an engine makes");
}

void check_place(statements& sql, const repository::place& where)
{
    auto row = sql.query("SELECT (SELECT value FROM @meta WHERE key = 'schema_version'), "
                         "(SELECT value FROM @meta WHERE key = 'installed_by')");
    row.step();
    check_version(row.is_null(0) ? -1 : row.number(0), where.name);
    if (!where.installed_by.empty() && row.text(1) != where.installed_by)
        throw unfit("must be connected to '" + where.name + "', where the queue is");
}

/// Idle workers hear of it when the transaction commits.
void notify(statements& sql, const std::string& schema) { sql.query("SELECT pg_notify($1, '')", channel_of(schema)); }

template <class Work>
auto work_within(const transaction& in, const repository::place& where, bool alone, Work work)
{
    session with{runner_of(in), where.schema, alone};
    auto& sql = with.sql();
    our_part part{sql};
    check_settings(sql);
    sql.query(alone ? lock_alone : lock_beside_others, lock_name(where.schema));
    check_place(sql, where);
    auto answer = work(with);
    with.flush();
    if (!in.options().quiet)
        notify(sql, where.schema);
    part.keep();
    return answer;
}

template <class Work>
auto within(const transaction& in, const repository::place& where, Work work)
{
    check_schema_name(where.schema);
    try {
        if (in.db())
            check_transaction(in.db());
        try {
            return work_within(in, where, false, work);
        } catch (const needs_store&) {}
        return work_within(in, where, true, work);
    } catch (const sql_error& e) {
        throw describe(e, where.name).why;
    } catch (const link_lost& e) {
        throw describe(e, where.name).why;
    }
}

}  // namespace

std::vector<added_row> add_within(
    const transaction& in, const repository::place& where, const std::vector<job_draft>& jobs
)
{
    return within(in, where, [&](session& tx) { return store::add(tx, jobs).rows; });
}

settled settle_within(const transaction& in, const repository::place& where, const settlement& end)
{
    return within(in, where, [&](session& tx) { return store::settle_alone(tx, end); });
}

}  // namespace cofila::postgres
