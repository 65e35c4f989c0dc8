#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "domain/generated_id.hpp"
#include "integration/some_jobs.hpp"
#include "postgres/schema.hpp"
#include "postgres/session.hpp"
#include "store/adding.hpp"
#include "store/changing.hpp"
#include "store/settling.hpp"
#include "store/watching.hpp"
#include "store/writing.hpp"
#include "support/error_of.hpp"
#include "support/postgres_schema.hpp"
#include "support/print.hpp"

using namespace cofila;
using namespace cofila::test;

namespace {

/// What another program does with the schema. `@name` stands for a name in it.
std::string execute(const postgres_schema& schema, const std::string& sql)
{
    auto link = postgres_schema::link();
    postgres::rows row{link.run(postgres::with_schema(sql.c_str(), schema.name()))};
    return row.step() ? row.text(0) : "";
}

std::string objects_in(const postgres_schema& schema)
{
    return execute(
        schema,
        "SELECT string_agg(c.relname, ' ' ORDER BY c.relname) FROM pg_class AS c JOIN pg_namespace AS n "
        "ON n.oid = c.relnamespace WHERE n.nspname = '" +
            schema.name() + "'"
    );
}

thrown_error opening(const postgres::link_options& options)
{
    return error_of([&] {
        postgres::link link{options};
        open_schema(link);
    });
}

void open(const postgres_schema& schema)
{
    const auto failed = opening(schema.options());
    REQUIRE_MESSAGE(!failed.code, failed.text);
}

bool has_triggers(const postgres_schema& schema)
{
    return execute(
               schema,
               "SELECT count(*) > 0 FROM pg_trigger WHERE tgrelid IN ('@live'::regclass, "
               "'@finished'::regclass, '@jobs'::regclass)"
           ) == "t";
}

/// Does something in a transaction of the store.
template <class Work>
void write(postgres::session& tx, Work work)
{
    tx.begin_alone();
    work(static_cast<store::tables&>(tx));
    tx.commit();
}

}  // namespace

TEST_SUITE_BEGIN("postgres schema");

TEST_CASE("PostgreSQL: of several connections that open a new schema at once, one makes the tables")
{
    const postgres_schema schema;
    std::vector<thrown_error> failed(4);
    std::vector<std::thread> threads;
    for (auto& one : failed)
        threads.emplace_back([&] { one = opening(schema.options()); });
    for (auto& one : threads)
        one.join();
    for (const auto& one : failed)
        CHECK_MESSAGE(!one.code, one.text);
    CHECK(execute(schema, "SELECT value FROM @meta WHERE key = 'schema_version'") == "1");
}

TEST_CASE("PostgreSQL: a schema that is ready is left as it is")
{
    const postgres_schema schema;
    open(schema);
    const auto installed = execute(schema, "SELECT value FROM @meta WHERE key = 'installed_by'");
    open(schema);
    CHECK(execute(schema, "SELECT value FROM @meta WHERE key = 'installed_by'") == installed);
}

TEST_CASE("PostgreSQL: an empty schema is used, one with tables of others is refused and left as it is")
{
    const postgres_schema schema;
    execute(schema, "CREATE SCHEMA " + schema.name());
    open(schema);

    const postgres_schema theirs;
    execute(theirs, "CREATE SCHEMA " + theirs.name());
    execute(theirs, "CREATE TABLE @jobs (theirs int)");
    const auto before = objects_in(theirs);
    const auto failed = opening(theirs.options());
    CHECK(failed.code == errc::storage_foreign);
    CHECK(objects_in(theirs) == before);
}

TEST_CASE("PostgreSQL: a newer schema is refused and left as it is")
{
    const postgres_schema schema;
    open(schema);
    execute(schema, "UPDATE @meta SET value = '2' WHERE key = 'schema_version'");
    const auto failed = opening(schema.options());
    CHECK(failed.code == errc::storage_newer);
    CHECK(failed.text.find("schema version 2") != std::string::npos);
    execute(schema, "DELETE FROM @meta WHERE key = 'schema_version'");
    CHECK(opening(schema.options()).code == errc::storage_corrupt);
}

TEST_CASE("PostgreSQL: without leave to migrate, and for reading, no tables are made")
{
    const postgres_schema schema;
    auto options = schema.options();
    options.migrate = false;
    CHECK(opening(options).code == errc::storage_readonly);
    options = schema.options();
    options.read_only = true;
    CHECK(opening(options).code == errc::storage_readonly);
    CHECK(objects_in(schema).empty());
}

TEST_CASE("PostgreSQL: triggers exist while a queue is watched")
{
    const postgres_schema schema;
    open(schema);
    postgres::session tx{schema.options()};
    CHECK_FALSE(has_triggers(schema));
    write(tx, [](store::tables& db) { store::set(db, "q", event_log{.events = 9}); });
    CHECK(has_triggers(schema));
    write(tx, [](store::tables& db) { store::set(db, "other", metrics_log{.minutes = 9}); });
    write(tx, [](store::tables& db) { store::set(db, "q", event_log{}); });
    CHECK(has_triggers(schema));
    write(tx, [](store::tables& db) { store::set(db, "other", metrics_log{}); });
    CHECK_FALSE(has_triggers(schema));
}

TEST_CASE("PostgreSQL: what another program changes is logged too, in the order of its statements and rows")
{
    const postgres_schema schema;
    open(schema);
    postgres::session tx{schema.options()};
    write(tx, [](store::tables& db) {
        store::set(db, "q", event_log{.events = 3});
        store::add(db, {some_job("a"), some_job("b")});
    });
    execute(schema, "UPDATE @live AS l SET state = 1, run_at = 5 FROM @jobs AS j WHERE j.key = l.key AND j.id = 'b'");
    execute(schema, "DELETE FROM @jobs WHERE id = 'b'");
    tx.begin_reading();
    const auto events = store::events_after(tx, "q", 0, 9);
    tx.end_reading();
    REQUIRE(events.size() == 3);  // the first one is beyond the bound
    using kind = logged_event::kind;
    CHECK(
        events[0] ==
        logged_event{.sequence = 2, .what = kind::added, .id = job_id{"b"}, .at = manual_clock::start, .text = "task"}
    );
    CHECK(
        events[1] ==
        logged_event{
            .sequence = 3,
            .what = kind::moved,
            .id = job_id{"b"},
            .from = job_state::waiting,
            .state = job_state::delayed
        }
    );
    CHECK(
        events[2] ==
        logged_event{
            .sequence = 4,
            .what = kind::removed,
            .id = job_id{"b"},
            .from = job_state::delayed,
            .state = job_state::delayed
        }
    );
}

TEST_CASE("PostgreSQL: a job that has lost its state is shown as failed, with what is wrong with it")
{
    const postgres_schema schema;
    open(schema);
    postgres::session tx{schema.options()};
    write(tx, [](store::tables& db) { store::add(db, {some_job("a")}); });
    execute(schema, "DELETE FROM @live");
    write(tx, [](store::tables& db) {
        const auto job = db.find(*db.find_queue("q"), job_id{"a"});
        REQUIRE(job);
        CHECK(job->state == job_state::failed);
        CHECK(job->damage == "it is in no table of a state");
    });
}

TEST_CASE("PostgreSQL: the view shows people the names of queues, and ids as a program sees them")
{
    const postgres_schema schema;
    open(schema);
    postgres::session tx{schema.options()};
    auto generated = std::make_shared<job_record>(*some_job(""));
    generated->random = domain::make_random_part(1, 2);
    std::string id;
    write(tx, [&](store::tables& db) { id = store::add(db, {generated, some_job("a")}).rows[0].job->id.str(); });
    CHECK(
        execute(schema, "SELECT string_agg(queue_name || '/' || job_id, ' ' ORDER BY key) FROM @job_rows") ==
        "q/" + id + " q/a"
    );
}

TEST_CASE("PostgreSQL: renewals, progress and cancellations touch no index")
{
    const postgres_schema schema;
    open(schema);
    postgres::session tx{schema.options()};
    std::int64_t hot = 0;
    write(tx, [&](store::tables& db) {
        store::add(db, {some_job("a")});
        settle_and_claim_request request{.now = manual_clock::start};
        request.claim = {.queue = "q", .tokens = {{.low = 1}}, .worker = "w", .lock_duration = milliseconds{9}};
        const auto job = store::settle_and_claim(db, request).claimed.at(0);
        CHECK(store::extend_locks(db, request.now, {{.job = job_ref::of(*job), .duration = milliseconds{99}}})[0].held);
        CHECK(store::update_progress(db, job_ref::of(*job), "1").stored);
        store::change(db, "q", job->id, cancellation{.why = "why"}, request.now);
        const auto sql =
            postgres::with_schema("SELECT pg_stat_get_xact_tuples_hot_updated('@live'::regclass)", schema.name());
        postgres::rows row{tx.link().run(sql)};
        hot = row.step() ? row.number(0) : -1;
    });
    CHECK(hot == 3);
}

TEST_SUITE_END();
