#pragma once
#include <memory>
#include <utility>
#include <vector>

#include "audit.hpp"
#include "intent.hpp"
#include "ledger.hpp"
#include "sqlite/operation.hpp"
#include "sqlite/session.hpp"

namespace cofila::sim {

/// An operation, with what it was for and what it changed.
class audited_operation final : public sqlite::operation {
public:
    audited_operation(sqlite::operation_ptr inner, intent asked)
        : operation{inner->what(), inner->executor()},
          inner_{std::move(inner)},
          entry_{.asked = std::move(asked)}
    {}

    /// Perhaps again, where SQLite rolled the transaction back: only the last time counts.
    void run(sqlite::session& with) override
    {
        ++runs_;
        if (what() != kind::observe && what() != kind::shorten_log)
            audit_once(with);
        const capture here{entry_.changes};
        inner_->run(with);
    }

    void answer() override
    {
        if (failed_)
            inner_->fail(std::move(*failed_));
        inner_->answer();
    }

    int runs() const noexcept { return runs_; }
    const ledger::entry& entry() const noexcept { return entry_; }
    /// Nothing: it has not failed.
    const std::optional<error>& failure() const noexcept { return failed_; }

private:
    static void audit_once(sqlite::session& with)
    {
        const auto is_audited = [&] {
            return with.sql().query("SELECT 1 FROM temp.sqlite_schema WHERE name = 'sim_added'").step();
        };
        if (!is_audited())
            audit(with.link().handle());
    }

    sqlite::operation_ptr inner_;
    ledger::entry entry_;
    int runs_ = 0;
};

}  // namespace cofila::sim
