#pragma once
#include <cofila/memory.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/this_coro.hpp>

#include <cstdlib>
#include <memory>
#include <string_view>
#include <utility>

#include "contract/store.hpp"
#include "sqlite/repository.hpp"
#include "support/error_of.hpp"
#include "support/manual_clock.hpp"
#include "support/print.hpp"
#include "support/run_coro.hpp"
#include "support/temp_folder.hpp"

#ifdef COFILA_POSTGRES
#include "postgres/repository.hpp"
#include "support/postgres_schema.hpp"
#endif

namespace cofila::test {

/// A kind of repository that the suite runs on. Each test opens a new, empty one.
struct memory_backend {
    boost::asio::awaitable<std::shared_ptr<job_repository>> open() { co_return memory_repository(); }
};

/// A file that is synced to the disk less often than in production, which no test here could see.
struct sqlite_backend {
    boost::asio::awaitable<std::shared_ptr<job_repository>> open()
    {
        const auto executor = co_await boost::asio::this_coro::executor;
        sqlite::options options{
            .path = folder.file("jobs.db"),
            .durability = durability::normal,
            .clock = std::make_shared<manual_clock>(),
            .executor = executor
        };
        co_return co_await sqlite::open_repository(std::move(options));
    }

    temp_folder folder{};
};

#ifdef COFILA_POSTGRES
/// A schema of a PostgreSQL database. COFILA_TEST_MODE: `unnamed`, statements without names, as behind a pooler; or
/// `one by one`, each operation in a transaction of its own.
struct postgres_backend {
    postgres_backend() { schema().empty(); }
    boost::asio::awaitable<std::shared_ptr<job_repository>> open()
    {
        const auto executor = co_await boost::asio::this_coro::executor;
        const char* const said = std::getenv("COFILA_TEST_MODE");
        const std::string_view mode{said ? said : ""};
        postgres::options options{
            .target = postgres_target() + (mode == "unnamed" ? " prepare=off" : ""),
            .schema = schema().name(),
            .durability = durability::normal,
            .batch = mode == "one by one" ? 1 : store::most_operations,
            .clock = std::make_shared<manual_clock>(),
            .executor = executor
        };
        co_return co_await postgres::open_repository(std::move(options));
    }

private:
    /// One for all tests, since making the tables takes longer than most of them.
    static const postgres_schema& schema()
    {
        postgres_target();  // the server has to outlive it
        static const postgres_schema shared;
        return shared;
    }
};
#endif

using contract_body = boost::asio::awaitable<void> (*)(subject);

template <class Backend>
void run_contract(contract_body body)
{
    Backend backend;
    run_coro([&]() -> boost::asio::awaitable<void> {
        const auto repository = co_await backend.open();
        co_await body(subject{repository});
        co_await repository->close();
    });
}

}  // namespace cofila::test

#ifdef COFILA_POSTGRES
#define COFILA_BACKENDS cofila::test::memory_backend, cofila::test::sqlite_backend, cofila::test::postgres_backend
#else
#define COFILA_BACKENDS cofila::test::memory_backend, cofila::test::sqlite_backend
#endif

/// A test of every repository: `CONTRACT_CASE("what it does") { co_await s.add("a"); ... }`, a coroutine with a
/// `subject s`, the repository under test.
#define CONTRACT_CASE(name) CONTRACT_CASE_IMPL(DOCTEST_ANONYMOUS(contract_case_), name)
#define CONTRACT_CASE_IMPL(body, name)                                                                                 \
    static boost::asio::awaitable<void> body([[maybe_unused]] cofila::test::subject s);                                \
    TEST_CASE_TEMPLATE(name, Backend, COFILA_BACKENDS) { cofila::test::run_contract<Backend>(body); }                  \
    static boost::asio::awaitable<void> body([[maybe_unused]] cofila::test::subject s)
