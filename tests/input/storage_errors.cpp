#include <sqlite3.h>

#include <fstream>

#include "error_table.hpp"
#include "input/on_file.hpp"
#include "integration/sqlite_support.hpp"
#include "sqlite/repository.hpp"
#include "support/inline_port.hpp"

namespace cofila::test {

namespace {

using task = asio::awaitable<void>;
using sqlite::operation;

task add_some(engine& on, std::size_t bytes)
{
    const auto q = on.queue<std::string>("q");
    std::string data(bytes, 'x');
    (void)co_await q.add("x", std::move(data));
}

error_case open_refused(errc code, std::string name, std::function<void(const std::string&)> spoil)
{
    return {"engine::open", code, "", [name = std::move(name), spoil = std::move(spoil)](app&) -> task {
                const temp_folder folder;
                const auto path = folder.file(name);
                spoil(path);
                co_await use_file(on_file(path), [](engine&) -> task { co_return; });
            }};
}

void make_ours(const std::string& path)
{
    sqlite::writing_runner runner{connecting(path), false};
    run_one(runner, [](sqlite::session& with) { with.find_or_make_queue("q"); });
}

/// An engine whose own connection is spoiled between two adds.
task spoil_connection(std::function<void(sqlite::session&)> spoil)
{
    const temp_folder folder;
    const auto path = folder.file("jobs.db");
    auto reading = connecting(path);
    reading.read_only = true;
    const auto writer =
        std::make_shared<inline_port>(std::make_unique<sqlite::writing_runner>(connecting(path), false));
    const auto reader = std::make_shared<inline_port>(std::make_unique<sqlite::reading_runner>(reading));
    auto changes = std::make_shared<sqlite::change_watch>(sqlite::change_watch::parts{.path = path, .writer = writer});
    engine_options options{.maintenance = std::nullopt};
    options.repository = std::make_shared<sqlite::repository>(sqlite::repository::parts{
        .writer = writer, .reader = reader, .changes = std::move(changes), .file = sqlite::store_file{path}
    });
    co_await use_file(std::move(options), [&](engine& on) -> task {
        co_await add_some(on, 10);
        co_await sqlite::perform(
            std::shared_ptr<sqlite::database_port>{writer},
            operation::kind::observe,
            [&](auto& with) {
                spoil(with);
                return true;
            }
        );
        co_await add_some(on, 100'000);
    });
}

task add_while_held(app&)
{
    const temp_folder folder;
    auto options = on_file(folder.file("jobs.db"));
    options.operation_deadline = 20ms;
    const auto path = options.database;
    co_await use_file(std::move(options), [&](engine& on) -> task {
        const file_holder somebody{path};
        co_await add_some(on, 10);
    });
}

}  // namespace

std::vector<error_case> storage_errors()
{
    return {
        {"queue::add", errc::storage_busy, "", add_while_held},
        {"queue::add",
         errc::storage_full,
         "",
         [](app&) {
             return spoil_connection([](sqlite::session& with) { with.link().db().exec("PRAGMA max_page_count=1"); });
         }},
        {"queue::add",
         errc::outcome_unknown,
         "",
         [](app&) {
             return spoil_connection([](sqlite::session& with) {
                 sqlite3_commit_hook(with.link().handle(), [](void*) { return 1; }, nullptr);
             });
         }},
        open_refused(errc::storage_readonly, "missing/jobs.db", [](const auto&) {}),
        open_refused(
            errc::storage_corrupt, "jobs.db", [](const auto& path) { std::ofstream{path} << std::string(5000, 'n'); }
        ),
        open_refused(
            errc::storage_foreign, "jobs.db", [](const auto& path) { execute(path, "CREATE TABLE theirs (x)"); }
        ),
        open_refused(
            errc::storage_newer,
            "jobs.db",
            [](const auto& path) {
                make_ours(path);
                execute(path, "UPDATE cofila_meta SET value = 4294967297 WHERE key = 'schema_version'");
            }
        ),
        open_refused(
            errc::storage_corrupt,
            "jobs.db",
            [](const auto& path) {
                make_ours(path);
                execute(path, "UPDATE cofila_meta SET value = -1 WHERE key = 'schema_version'");
            }
        ),
    };
}

}  // namespace cofila::test
