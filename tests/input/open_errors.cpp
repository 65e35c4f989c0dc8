#include <fstream>

#include "error_table.hpp"
#include "input/on_file.hpp"
#include "integration/sqlite_support.hpp"

namespace cofila::test {

namespace {

using task = asio::awaitable<void>;

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
    writing_runner runner{connecting(path), false};
    run_one(runner, [](sqlite::session& tx) { tx.find_or_make_queue("q"); });
}

}  // namespace

std::vector<error_case> open_errors()
{
    return {
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
