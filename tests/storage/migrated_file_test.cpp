// F48: a newer program migrates the file under an engine that has it open. And an engine migrates an older one.
#include <cofila/cofila.hpp>

#include <boost/signals2/connection.hpp>

#include "integration/sqlite_support.hpp"
#include "storage/old_file.hpp"
#include "support/error_of.hpp"
#include "support/print.hpp"
#include "support/run_coro.hpp"

namespace asio = boost::asio;
using namespace cofila;
using namespace cofila::test;

namespace {

/// What a newer program does, as far as this one can know.
void migrate(const std::string& path)
{
    execute(path, "UPDATE cofila_meta SET value = 77 WHERE key = 'schema_version'");
}

asio::awaitable<void> renew_none(std::shared_ptr<job_repository> store)
{
    co_await store->extend_locks(manual_clock::start, {});
}

asio::awaitable<void> count(std::shared_ptr<job_repository> store) { co_await store->counts("q"); }

void check_refused(const thrown_error& refused)
{
    INFO(refused.text);
    CHECK(refused.code == errc::storage_newer);
    CHECK(refused.text.find("has schema version 77") != std::string::npos);
    CHECK(refused.text.find("up to 6") != std::string::npos);
}

}  // namespace

TEST_SUITE_BEGIN("migrated file");

TEST_CASE("F48: a file that a newer program migrates while it is open is neither written nor read any more")
{
    const temp_folder folder;
    const auto path = folder.file("jobs.db");
    run_coro([&]() -> asio::awaitable<void> {
        const auto store = co_await open({.path = path});
        co_await add_as(store, "before");
        co_await count(store);  // by now the reader has its connection, too
        migrate(path);
        for (int i = 0; i < 2; ++i) {
            check_refused(co_await error_of(add_as(store, "after")));
            check_refused(co_await error_of(renew_none(store)));
            check_refused(co_await error_of(count(store)));
            execute(path, "INSERT OR REPLACE INTO cofila_meta VALUES ('touched', random())");  // it is locked by nobody
        }
        co_await store->close();
    });
    CHECK(ask(path, "SELECT count(*) FROM cofila_jobs") == 1);
}

TEST_CASE("F48: the worker at work on it tells so, lets its job go and ends")
{
    const temp_folder folder;
    const auto path = folder.file("jobs.db");
    run_coro([&]() -> asio::awaitable<void> {
        auto engine = co_await engine::open({.database = path, .maintenance = {}});
        auto jobs = engine.queue<std::string, std::string>("q");
        for (const auto* id : {"a", "b"})
            co_await jobs.add("job", "text", {.id = job_id{id}});
        worker<std::string, std::string> working{
            jobs,
            [&](job<std::string, std::string>) -> asio::awaitable<std::string> {
                migrate(path);
                co_return "done";
            },
            {.lock_duration = milliseconds{50}}
        };
        int newer = 0;
        const boost::signals2::scoped_connection errors = working.events().error.connect([&](const error_event& e) {
            newer += e.text.find("schema version 77") != std::string::npos ? 1 : 0;
        });
        check_refused(co_await error_of(working.run()));
        co_await settle();
        CHECK(newer >= 1);
        co_await engine.close();
    });
    CHECK(ask(path, "SELECT count(*) FROM cofila_v_jobs WHERE state = 'active' AND attempts_made = 0") == 1);
    CHECK(ask(path, "SELECT count(*) FROM cofila_waiting") == 1);
}

TEST_CASE("an engine that opens a file of an earlier version finds each of its jobs, and which of them are damaged")
{
    for (const int version : {1, 2, 3, 4, 5}) {
        INFO(version);
        const temp_folder folder;
        const auto path = copy_of_old_file(folder.path().string(), version);
        std::int64_t damaged = 0;
        run_coro([&]() -> asio::awaitable<void> {
            const auto store = co_await open({.path = path});
            SQLite::Database db{path, SQLite::OPEN_READWRITE};
            SQLite::Statement row{db, "SELECT queue, id, state, attempts_made, group_key FROM cofila_v_jobs"};
            while (row.executeStep()) {
                INFO(row.getColumn(1).getString());
                const auto job =
                    co_await store->get(row.getColumn(0).getString(), job_id{row.getColumn(1).getString()});
                REQUIRE(job);
                CHECK(to_string(job->state) == row.getColumn(2).getString());
                CHECK(job->data.empty() == (job->id == job_id{"damaged data"}));
                // One of a state that does not exist is a failed one by now.
                const bool expected = job->id.str().starts_with("damaged ") && job->id != job_id{"damaged state"};
                CHECK(job->damage.empty() != expected);
                damaged += job->damage.empty() ? 0 : 1;
                if (job->damage.empty()) {
                    CHECK(job->attempts_made == row.getColumn(3).getInt());
                    CHECK(job->options->group.value_or("") == row.getColumn(4).getString());
                }
            }
            co_await store->close();
        });
        CHECK(damaged == 4);
    }
}

TEST_SUITE_END();
