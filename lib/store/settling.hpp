#pragma once
#include <cofila/repository/job_repository.hpp>

#include <optional>
#include <vector>

#include "store/tables.hpp"

/// Ends of attempts, renewals of locks, and the claims that go with them. A time is that of the request: see
/// `tables::now`.
namespace cofila::store {

add_answer add_and_claim(tables& db, const job_draft& job, time_point asked, const claim_order& order);

settle_and_claim_answer settle_and_claim(tables& db, const settle_and_claim_request& request);
/// Reads only, for a request that only claims: the answer if there is nothing to write.
std::optional<settle_and_claim_answer> look_for_claim(tables& db, const settle_and_claim_request& request);

/// Ends one attempt in a transaction of the application, which announces nothing. Never returns `settled::cancelled`.
settled settle_alone(tables& db, const settlement& end);

std::vector<renewal> extend_locks(tables& db, time_point asked, const std::vector<lock_extension>& locks);

}  // namespace cofila::store
