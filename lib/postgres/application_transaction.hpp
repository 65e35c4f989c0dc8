#pragma once
#include <cofila/postgres_transaction.hpp>
#include <cofila/repository/job_repository.hpp>

#include <vector>

#include "postgres/repository.hpp"

/// Operations within a transaction of the application, on its own connection. Each is done as a whole or not at all,
/// and leaves the connection as it was. Errors: as cofila/postgres.hpp says.
namespace cofila::postgres {

/// As `job_repository::add`. An empty `installed_by` stands for any store in that schema.
std::vector<added_row> add_within(
    const transaction& in, const repository::place& where, const std::vector<job_draft>& jobs
);

/// Ends an attempt if its token holds the lock. Never returns `settled::cancelled`.
settled settle_within(const transaction& in, const repository::place& where, const settlement& end);

}  // namespace cofila::postgres
