#pragma once
#include <algorithm>
#include <cstddef>
#include <optional>
#include <vector>

#include "store/adding.hpp"
#include "store/settling.hpp"
#include "store/sweeping.hpp"

/// The work of operations that can do more than run.
namespace cofila::store {

/// What an operation may have of each and still be short.
inline constexpr std::size_t few = 8;
inline constexpr std::size_t few_bytes = 16 * 1024;

inline bool is_little(const claim_order& order) { return order.tokens.size() <= few; }

/// Whether adding the job changes nothing but its own rows.
inline bool is_independent(const job_record& job) { return !job.options->dedup && !job.options->group; }

/// The same of the end of an attempt.
inline bool is_independent(const transition& end)
{
    return !end.remove && !end.frees_dedup && !end.forget_expiry && !end.queue_rests_until;
}

/// Adds one job that stands for itself: such operations can be done together.
struct plain_add {
    job_draft job{};

    static bool is_plain(const job_record& job) { return !job.options->dedup; }
    bool is_short() const { return job->data.size() <= few_bytes; }
    bool shares(const tables&) const { return is_independent(*job); }
    add_answer operator()(tables& db) const { return add(db, {job}); }
};

struct adding_and_claiming {
    job_draft job{};
    time_point asked{};
    claim_order order{};

    bool is_short() const { return job->data.size() <= few_bytes && is_little(order); }
    bool shares(const tables& db) const { return is_independent(*job) && !db.limits_claims(order.queue); }
    add_answer operator()(tables& db) const { return add_and_claim(db, job, asked, order); }
};

struct renewing {
    time_point asked{};
    std::vector<lock_extension> locks{};

    bool is_short() const { return locks.size() <= few; }
    bool shares(const tables&) const { return true; }
    std::vector<renewal> operator()(tables& db) const { return extend_locks(db, asked, locks); }
};

struct settling {
    settle_and_claim_request request{};

    bool is_short() const
    {
        const auto has_much = [](const settlement& end) { return end.change.result.size() > few_bytes; };
        return request.settlements.size() <= few && std::ranges::none_of(request.settlements, has_much) &&
               (!request.claim || is_little(*request.claim));
    }
    bool shares(const tables& db) const
    {
        const auto fits = [](const settlement& end) { return is_independent(end.change); };
        return std::ranges::all_of(request.settlements, fits) &&
               !(request.claim && db.limits_claims(request.claim->queue));
    }
    bool needs_confirmation(const settle_and_claim_answer& answer) const { return answer.drained; }
    void confirm(tables& db, settle_and_claim_answer& answer) const
    {
        confirm_drained(db, request.claim->queue, answer);
    }
    bool looks_first() const { return request.settlements.empty() && request.claim; }
    std::optional<settle_and_claim_answer> look(tables& db) const { return look_for_claim(db, request); }
    settle_and_claim_answer operator()(tables& db) const { return settle_and_claim(db, request); }
};

struct sweeping {
    sweep_request request{};

    bool looks_first() const { return request.rescues.empty(); }
    std::optional<sweep_answer> look(tables& db) const { return look_for_sweep(db, request); }
    sweep_answer operator()(tables& db) const { return sweep(db, request); }
};

}  // namespace cofila::store
