#pragma once
#include <cofila/engine.hpp>
#include <cofila/repository/job_repository.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <memory>

namespace cofila::detail {

using store_opening = boost::asio::awaitable<std::shared_ptr<job_repository>>;

/// Throws `errc::invalid_argument` for options that are out of range or do not fit each other.
void check(const engine_options& options);

/// Returns the clock for a store: the machine's, set by the server's for a PostgreSQL database.
std::shared_ptr<clock> clock_for(const engine_options& options);

/// The clock for any PostgreSQL database.
std::shared_ptr<clock> postgres_clock();

/// Opens the store that the options name. Their clock and random source must be set.
store_opening open_store(engine_options options, boost::asio::any_io_executor executor);

/// The same for a PostgreSQL database. Throws `errc::invalid_argument` where the library was built without libpq.
store_opening open_postgres(engine_options options, boost::asio::any_io_executor executor);

}  // namespace cofila::detail
