#include <cofila/error.hpp>

#include "engine/open_store.hpp"

namespace cofila::detail {

std::shared_ptr<clock> postgres_clock() { return system_clock(); }

store_opening open_postgres(engine_options, boost::asio::any_io_executor)
{
    throw error{
        errc::invalid_argument,
        "database",
        "is PostgreSQL, for which this library was built without support: install libpq-dev and build it anew"
    };
    co_return nullptr;
}

}  // namespace cofila::detail
