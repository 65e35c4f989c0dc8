#include <memory>
#include <utility>

#include "engine/open_store.hpp"
#include "postgres/repository.hpp"
#include "postgres/server_clock.hpp"

namespace cofila::detail {

std::shared_ptr<clock> postgres_clock() { return std::make_shared<postgres::server_clock>(system_clock()); }

store_opening open_postgres(engine_options options, boost::asio::any_io_executor executor)
{
    postgres::options store{
        .target = std::move(options.database),
        .durability = options.durability,
        .operation_deadline = options.operation_deadline,
        .migrate = options.migrate,
        .clock = options.clock,
        .adjusts = std::dynamic_pointer_cast<postgres::server_clock>(options.clock),
        .executor = std::move(executor),
        .log = options.logger,
    };
    if (!options.schema.empty())
        store.schema = std::move(options.schema);
    co_return co_await postgres::open_repository(std::move(store));
}

}  // namespace cofila::detail
