#include <utility>

#include "engine/open_store.hpp"
#include "postgres/repository.hpp"

namespace cofila::detail {

store_opening open_postgres(engine_options options, boost::asio::any_io_executor executor)
{
    postgres::options store{
        .target = std::move(options.database),
        .durability = options.durability,
        .operation_deadline = options.operation_deadline,
        .migrate = options.migrate,
        .clock = options.clock,
        .executor = std::move(executor),
    };
    if (!options.schema.empty())
        store.schema = std::move(options.schema);
    co_return co_await postgres::open_repository(std::move(store));
}

}  // namespace cofila::detail
