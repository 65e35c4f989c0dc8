#pragma once
#include <cofila/cofila.hpp>
#include <cofila/sqlite.hpp>

#include <boost/asio/awaitable.hpp>

#include <SQLiteCpp/SQLiteCpp.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "support/run_coro.hpp"
#include "support/temp_folder.hpp"

namespace cofila::test {

using text_queue = queue<std::string, std::string>;
using text_job = job<std::string, std::string>;

/// The application's own connection, as it should be.
struct app_connection {
    explicit app_connection(const std::string& path, milliseconds wait = std::chrono::seconds{30})
        : db{path, SQLite::OPEN_READWRITE}
    {
        prepare(db, wait);
    }
    std::int64_t ask(const std::string& sql) { return db.execAndGet(sql).getInt64(); }
    std::int64_t effects() { return ask("SELECT count(*) FROM effects"); }

    SQLite::Database db;
};

/// One transaction of the application's; rolled back unless it is committed.
struct app_transaction : SQLite::Transaction {
    explicit app_transaction(app_connection& in) : SQLite::Transaction{in.db, SQLite::TransactionBehavior::IMMEDIATE} {}
};

/// A file with a table of the application's beside ours.
struct shared_file {
    temp_folder folder{};
    const std::string path = folder.file("shared.db");

    shared_file()
    {
        SQLite::Database db{path, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE};
        db.exec("CREATE TABLE effects (id TEXT)");
    }

    /// An engine on it without maintenance, so that nothing runs by itself.
    void with_engine(std::function<boost::asio::awaitable<void>(engine&)> use) const
    {
        run_coro([this, &use]() -> boost::asio::awaitable<void> {
            auto made = co_await engine::open({.database = path, .maintenance = std::nullopt, .embed = true});
            co_await use(made);
            co_await made.close();
        });
    }
    void with_queue(std::function<boost::asio::awaitable<void>(text_queue)> use) const
    {
        with_engine([&use](engine& made) -> boost::asio::awaitable<void> {
            co_await use(made.queue<std::string, std::string>("texts"));
        });
    }
};

}  // namespace cofila::test
