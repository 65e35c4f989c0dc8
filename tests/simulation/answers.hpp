#pragma once
#include <cofila/repository/job_repository.hpp>

#include <string>
#include <vector>

#include "ledger.hpp"

/// Whether the answer of an operation says what the operation found and did.
namespace cofila::sim {

bool is_true(const ledger::effect& did, const add_answer& answer);
bool is_true(const ledger::effect& did, const settle_and_claim_request& asked, const settle_and_claim_answer& answer);
/// Of renewals, with these tokens.
bool is_true(const ledger::effect& did, const std::vector<std::string>& tokens, const std::vector<bool>& answer);
/// That something was changed.
bool is_true(const ledger::effect& did, bool answer);
/// Of a job that is named.
bool is_true(const ledger::effect& did, const job_id& id, const change_answer& answer);
bool is_true(const ledger::effect& did, const ledger& known, const sweep_request& asked, const sweep_answer& answer);

}  // namespace cofila::sim
