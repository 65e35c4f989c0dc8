#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "integration/sqlite_support.hpp"
#include "storage/ledger.hpp"

namespace cofila::test {

/// Some minutes of a store with a queue, a worker and a sweeper on it, in a few dozen operations: adds singly and in
/// bulk, claims, renews, logs, settles, fails with a backoff, promotes, retries, removes, pauses, checkpoints, closes.
/// What fails is tried once more.
class short_life {
public:
    short_life(sqlite::connection_options options, std::shared_ptr<manual_clock> clock);

    /// To the end, but for the close.
    void live();
    void close() { runner_.reset(); }

    const ledger& told_so_far() const { return ledger_; }
    int answers() const { return answers_; }

private:
    struct step {
        test_operation::work work;
        store::operation::kind kind;
        std::function<void(told)> note;
    };
    using steps = std::vector<step>;

    void together(const steps& batch);
    bool run(const steps& batch, steps& failed);
    step adding(const std::string& prefix, int count, std::size_t bytes);
    step claiming(int count);
    step settling(const job_snapshot& job, const transition& change, int then_claim = 0);
    step renewing();
    step progressing();
    step logging();
    step promoting(const job_id& id);
    step retrying(const job_id& id);
    step removing(const job_id& id);
    step pausing(bool paused);
    step registering();
    step sweeping();
    void complete_all();
    void tend();
    transition success(const job_snapshot& job, std::size_t bytes) const;
    transition failing(const job_snapshot& job) const;

    const std::shared_ptr<manual_clock> clock_;
    std::unique_ptr<writing_runner> runner_;
    ledger ledger_{};
    std::vector<job_snapshot> active_{};
    std::uint64_t tokens_ = 0;
    int answers_ = 0;
};

}  // namespace cofila::test
