#pragma once
#include <cofila/repository/job_repository.hpp>

#include <memory>
#include <string>

#include "intent.hpp"
#include "ledger.hpp"
#include "simulated_port.hpp"
#include "support/forwarding_repository.hpp"

namespace cofila::sim {

/// The real repository; on the way it says what each operation is for, and compares the answers with what is known to
/// have been stored.
class watched_repository final : public test::forwarding_repository<watched_repository> {
public:
    struct parts {
        std::shared_ptr<job_repository> inner{};
        std::shared_ptr<simulated_port> writer{};
        ledger* known = nullptr;
        int node = 0;
    };

    explicit watched_repository(parts with) : forwarding_repository{with.inner}, with_{std::move(with)} {}

    awaitable<add_answer> add(std::vector<job_draft> jobs) override;
    awaitable<add_answer> add_and_claim(job_draft job, time_point now, claim_order order) override;
    awaitable<settle_and_claim_answer> settle_and_claim(settle_and_claim_request request) override;
    awaitable<std::vector<renewal>> extend_locks(time_point now, std::vector<lock_extension> locks) override;
    awaitable<fenced_write> update_progress(job_ref job, std::string progress) override;
    awaitable<fenced_write> add_log(job_ref job, log_line line, int keep) override;
    awaitable<bool> set_paused(std::string queue, bool paused) override;
    awaitable<change_answer> change(std::string queue, job_id id, job_change change, time_point now) override;
    awaitable<sweep_answer> sweep(sweep_request request) override;
    awaitable<void> register_worker(worker_row worker) override;
    awaitable<void> set(std::string queue, queue_setting setting) override;

private:
    /// `check` is given what was found and done, and the answer.
    template <class T, class Check>
    awaitable<T> asked(intent what, awaitable<T> work, Check check);
    awaitable<change_answer> moved(intent what, awaitable<change_answer> work);
    intent about(intent::kind what, const std::string& queue, const job_id& id) const;
    void check_added(const added_row& row) const;
    void check_settled(const settlement& end, settled answer) const;
    void check_claimed(const intent& what, const std::vector<job_snapshot>& jobs) const;

    const parts with_;
};

}  // namespace cofila::sim
