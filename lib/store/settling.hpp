#pragma once
#include <cofila/repository/job_repository.hpp>

#include <optional>
#include <string>
#include <vector>

#include "store/tables.hpp"

/// Ends of attempts, renewals of locks, and the claims that go with them. A time is that of the request: see
/// `tables::now`.
namespace cofila::store {

add_answer add_and_claim(tables& db, const job_draft& job, time_point asked, const claim_order& order);

/// Beside other processes it tells that a queue is drained where nothing waits: others may end its last jobs at the
/// same time, and neither sees the other's. `confirm_drained` looks again, after the commit.
settle_and_claim_answer settle_and_claim(tables& db, const settle_and_claim_request& request);
void confirm_drained(tables& db, const std::string& queue, settle_and_claim_answer& answer);
/// Reads only, for a request that only claims: the answer if there is nothing to write.
std::optional<settle_and_claim_answer> look_for_claim(tables& db, const settle_and_claim_request& request);

/// Ends one attempt in a transaction of the application, which announces nothing. Never returns `settled::cancelled`.
settled settle_alone(tables& db, const settlement& end);

std::vector<renewal> extend_locks(tables& db, time_point asked, const std::vector<lock_extension>& locks);

}  // namespace cofila::store
