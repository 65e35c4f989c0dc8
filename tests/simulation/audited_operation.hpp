#pragma once
#include <cofila/clock.hpp>

#include <algorithm>
#include <iterator>
#include <memory>
#include <utility>
#include <vector>

#include "audit.hpp"
#include "intent.hpp"
#include "ledger.hpp"
#include "probes.hpp"
#include "sqlite/session.hpp"
#include "store/operation.hpp"

namespace cofila::sim {

/// What the operations of one batch have in common.
struct batch_audit {
    std::shared_ptr<const clock> own_clock{};  ///< Of the process.
    bool all_told = false;                     ///< Every write in it is audited. If not, no adds are done as one.
    std::vector<row_change> shared{};  ///< By adds that are done as one; what fits none of them shows in the next look.
};

/// Comes before all of a batch that write, outside of their transaction, so that everything they write is noted.
class begin_audit final : public store::operation {
public:
    begin_audit(boost::asio::any_io_executor executor, std::shared_ptr<batch_audit> of)
        : operation{kind::observe, std::move(executor)},
          of_{std::move(of)}
    {}

    void run(store::tables& db) override
    {
        audit_once(sqlite::session::of(db));
        of_->all_told = true;
    }
    void answer() override {}

    static void audit_once(sqlite::session& tx)
    {
        const auto is_audited = [&] {
            return tx.sql().query("SELECT 1 FROM temp.sqlite_schema WHERE name = 'sim_added'").step();
        };
        if (!is_audited())
            audit(tx);
    }

private:
    const std::shared_ptr<batch_audit> of_;
};

/// An operation, with what it was for and what it changed.
class audited_operation final : public store::operation {
public:
    audited_operation(store::operation_ptr inner, intent asked)
        : operation{inner->what(), inner->executor()},
          inner_{std::move(inner)},
          entry_{.asked = std::move(asked)}
    {
        entry_.asked.asked_at = entry_.asked.now;
    }

    void join(std::shared_ptr<batch_audit> batch) { batch_ = std::move(batch); }

    bool is_short() const override { return inner_->is_short(); }
    bool looks_first() const override { return inner_->looks_first(); }
    bool look(store::tables& db) override
    {
        note_time(db);
        const bool nothing = inner_->look(db);
        reach_if(nothing, probe::answered_by_a_look);
        return nothing;
    }

    /// Perhaps again, where SQLite rolled the transaction back: only the last time counts.
    void run(store::tables& db) override
    {
        ++runs_;
        if (!batch_->all_told && what() != kind::observe && what() != kind::tidy)
            begin_audit::audit_once(sqlite::session::of(db));
        note_time(db);
        const capture here{entry_.changes};
        inner_->run(db);
    }

    /// Last asked before the statements run: what an earlier try has told, which was rolled back, is void.
    const store::plain_add* adds() const noexcept override
    {
        batch_->shared.clear();
        return batch_->all_told ? inner_->adds() : nullptr;
    }

    /// Its part is its job, which the first of those with its id adds, and the queue, which the first of all makes.
    void added(add_answer&& alone) override
    {
        ++runs_;
        const auto is_mine = [&](const row_change& one) {
            return one.made || (one.after && entry_.asked.adds(one.after->id));
        };
        entry_.changes.clear();
        std::ranges::copy_if(batch_->shared, std::back_inserter(entry_.changes), is_mine);
        std::erase_if(batch_->shared, is_mine);
        reach_if(!entry_.changes.empty() && entry_.changes.front().made, probe::shared_queue_made);
        reach(probe::added_together);
        inner_->added(std::move(alone));
    }

    void answer() override
    {
        if (failed_)
            inner_->fail(std::move(*failed_));
        inner_->answer();
    }

    int runs() const noexcept { return runs_; }
    /// It took the write lock to claim, and there was nothing.
    bool ran_in_vain() const
    {
        const bool claims = inner_->looks_first() && entry_.asked.what == intent::kind::settle;
        return runs_ > 0 && claims && !failed_ && entry_.changes.empty();
    }
    /// Nor did it need the write lock for anything else.
    bool wrote_nothing() const { return runs_ == 0 || what() == kind::observe || ran_in_vain(); }
    const ledger::entry& entry() const noexcept { return entry_; }
    /// Nothing: it has not failed.
    const std::optional<error>& failure() const noexcept { return failed_; }

private:
    void note_time(const store::tables& db)
    {
        entry_.asked.now = db.now(entry_.asked.asked_at);
        entry_.asked.ran_at = batch_->own_clock->wall_now();
    }

    store::operation_ptr inner_;
    ledger::entry entry_;
    std::shared_ptr<batch_audit> batch_{};
    int runs_ = 0;
};

}  // namespace cofila::sim
