#include "engine/open_store.hpp"

#include <utility>

#include "domain/database_name.hpp"
#include "domain/ranges.hpp"
#include "sqlite/repository.hpp"

namespace cofila::detail {

namespace asio = boost::asio;

void check(const engine_options& options)
{
    using domain::require;
    require(options.repository || !options.database.empty(), "database", "must name a file or a database");
    require(!options.repository || options.database.empty(), "database", "must be empty where a repository is given");
    require(options.operation_deadline > milliseconds{}, "operation_deadline", "must be more than 0");
    require(options.spin.count() >= 0 && options.spin.count() <= 1000, "spin", "must be between 0 and 1000 us");
    const bool on_server = domain::is_postgresql(options.database);
    require(on_server || options.schema.empty(), "schema", "is for PostgreSQL; a file has none");
    require(on_server || options.migrate, "migrate", "is for PostgreSQL; a file is always migrated");
    require(
        !options.maintenance || options.maintenance->interval > milliseconds{},
        "maintenance.interval",
        "must be more than 0"
    );
}

std::shared_ptr<clock> clock_for(const engine_options& options)
{
    return domain::is_postgresql(options.database) ? postgres_clock() : system_clock();
}

store_opening open_store(engine_options options, asio::any_io_executor executor)
{
    if (options.repository)
        co_return options.repository;
    if (domain::is_postgresql(options.database))
        co_return co_await open_postgres(std::move(options), std::move(executor));
    sqlite::options store{
        .path = std::move(options.database),
        .durability = options.durability,
        .operation_deadline = options.operation_deadline,
        .embed = options.embed,
        .spin = options.spin,
        .clock = options.clock,
        .executor = std::move(executor),
        .seed = options.random->next(),
        .log = options.logger,
    };
    co_return co_await sqlite::open_repository(std::move(store));
}

}  // namespace cofila::detail
