#pragma once
#include <cofila/error.hpp>

#include <exception>
#include <string>

#include "postgres/link.hpp"
#include "store/backend.hpp"

namespace cofila::postgres {

// Errors cross from the database thread to the loop as values. `name` is the store's, without secrets.

/// Describes the exception that is being handled.
store::failure describe_current(const std::string& name);

/// Describes an error that the server reported: nothing was stored.
store::failure describe(const sql_error& e, const std::string& name);
/// Describes a connection that broke: nothing was stored.
store::failure describe(const link_lost& e, const std::string& name);
/// Describes one that broke behind a COMMIT.
store::failure describe(const commit_lost& e, const std::string& name);

/// Describes why there is no connection. `text` is libpq's, with a SQLSTATE where the server gave one.
error connect_error(const std::string& target, const std::string& text);

}  // namespace cofila::postgres
