#pragma once
#include <cofila/clock.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/system_executor.hpp>
#include <boost/asio/this_coro.hpp>

#include <SQLiteCpp/SQLiteCpp.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "integration/some_jobs.hpp"
#include "sqlite/repository.hpp"
#include "store/works.hpp"
#include "support/manual_clock.hpp"
#include "support/sqlite_runner.hpp"
#include "support/temp_folder.hpp"

namespace cofila::test {

/// What another program does with the file.
inline void execute(const std::string& path, const std::string& sql)
{
    SQLite::Database other{path, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE};
    other.exec(sql);
}

inline std::int64_t ask(SQLite::Database& db, const std::string& sql)
{
    SQLite::Statement query{db, sql};
    return query.executeStep() ? query.getColumn(0).getInt64() : -1;
}

inline std::int64_t ask(const std::string& path, const std::string& sql)
{
    SQLite::Database other{path, SQLite::OPEN_READWRITE};
    return ask(other, sql);
}

/// A query that never ends by itself.
inline constexpr const char* endless =
    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";

/// Somebody else in the middle of a write.
class file_holder {
public:
    explicit file_holder(const std::string& path) : db_{path, SQLite::OPEN_READWRITE} { db_.exec("BEGIN IMMEDIATE"); }

private:
    SQLite::Database db_;
};

/// Time stands still: no batch takes too long, and no wait runs out.
inline sqlite::connection_options connecting(const std::string& path)
{
    return {
        .path = path,
        .durability = durability::normal,
        .operation_deadline = milliseconds{20},
        .clock = std::make_shared<manual_clock>()
    };
}

inline boost::asio::awaitable<std::shared_ptr<job_repository>> open(sqlite::options chosen)
{
    chosen.executor = co_await boost::asio::this_coro::executor;
    if (!chosen.clock)
        chosen.clock = system_clock();
    co_return co_await sqlite::open_repository(std::move(chosen));
}

inline boost::asio::awaitable<void> open_and_close(sqlite::options with)
{
    const auto store = co_await open(std::move(with));
    co_await store->close();
}

inline boost::asio::awaitable<void> add_as(
    std::shared_ptr<job_repository> store, std::string id, std::string data = "{}"
)
{
    co_await store->add(one_job(std::move(id), std::move(data)));
}

/// An operation that nobody waits for: a test looks at what became of it.
class test_operation final : public store::operation {
public:
    using work = std::function<void(sqlite::session&)>;

    explicit test_operation(work what, kind as = kind::write)
        : operation{as, boost::asio::system_executor{}},
          work_{std::move(what)}
    {}

    void run(store::tables& db) override
    {
        ++runs_;
        work_(sqlite::session::of(db));
    }
    void answer() override {}

    const store::plain_add* adds() const noexcept override { return work_.target<store::plain_add>(); }
    void added(add_answer&&) override { ++runs_; }

    int runs() const { return runs_; }
    const std::optional<error>& failure() const { return failed_; }

private:
    work work_;
    int runs_ = 0;
};

/// A batch with a way to look at its operations afterwards.
class test_batch {
public:
    test_operation& add(test_operation::work what, store::operation::kind as = store::operation::kind::write)
    {
        auto made = std::make_unique<test_operation>(std::move(what), as);
        auto& out = *made;
        operations_.push_back(std::move(made));
        return out;
    }
    std::size_t run(store::batch_runner& on) { return on.run(operations_); }

private:
    std::vector<store::operation_ptr> operations_{};
};

/// Has one thing done; throws what it failed with.
inline void run_one(
    store::batch_runner& on, test_operation::work what, store::operation::kind as = store::operation::kind::write
)
{
    test_batch batch;
    const auto& only = batch.add(std::move(what), as);
    batch.run(on);
    if (only.failure())
        throw error{*only.failure()};
}

}  // namespace cofila::test
