#pragma once
#include <optional>

#include "sqlite/session.hpp"
#include "store/adding.hpp"
#include "store/settling.hpp"
#include "store/sweeping.hpp"

/// The work of operations that can do more than run.
namespace cofila::sqlite {

/// Adds one job that stands for itself: such operations can be done together.
struct plain_add {
    job_snapshot job{};

    static bool is_plain(const job_record& job) { return !job.options->dedup; }
    add_answer operator()(session& with) const { return store::add(with, {job}); }
};

struct settling {
    settle_and_claim_request request{};

    bool looks_first() const { return request.settlements.empty() && request.claim; }
    std::optional<settle_and_claim_answer> look(session& with) const { return store::look_for_claim(with, request); }
    settle_and_claim_answer operator()(session& with) const { return store::settle_and_claim(with, request); }
};

struct sweeping {
    sweep_request request{};

    bool looks_first() const { return request.rescues.empty(); }
    std::optional<sweep_answer> look(session& with) const { return store::look_for_sweep(with, request); }
    sweep_answer operator()(session& with) const { return store::sweep(with, request); }
};

}  // namespace cofila::sqlite
