#pragma once
#include <cofila/repository/job_repository.hpp>

#include <optional>
#include <vector>

#include "sqlite/session.hpp"

/// Ends of attempts, renewals of locks, and the claims that go with them.
namespace cofila::sqlite {

add_answer add_and_claim(session& with, const job_snapshot& job, time_point now, const claim_order& order);

/// Why the fence of a settlement's statement held. Never returns `accepted`, whatever a damaged row is read as.
settled refusal(const std::optional<job_record>& job, const settlement& end);
settle_and_claim_answer settle_and_claim(session& with, const settle_and_claim_request& request);
/// Reads only, for a request that only claims: the answer if there is nothing to write.
std::optional<settle_and_claim_answer> look_for_claim(session& with, const settle_and_claim_request& request);

/// The work of an operation.
struct settling {
    settle_and_claim_request request{};

    bool looks_first() const { return request.settlements.empty() && request.claim; }
    std::optional<settle_and_claim_answer> look(session& with) const { return look_for_claim(with, request); }
    settle_and_claim_answer operator()(session& with) const { return settle_and_claim(with, request); }
};

std::vector<renewal> extend_locks(session& with, time_point now, const std::vector<lock_extension>& locks);

}  // namespace cofila::sqlite
