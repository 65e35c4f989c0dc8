// Runs a batch of operations as one transaction, so that all of them share one flush to the disk. First come the
// operations that need no transaction (`observe`, `tidy`). Then those at the front that may find nothing to write look
// for that in a read transaction, which waits for no lock. The rest run between `begin` and `commit`, renewals first
// since locks run out; some adds of single jobs to one queue are done together. There are no savepoints: where an
// operation fails after it has written, or the backend rolls everything back, the batch runs again without it, which is
// safe because operations are values. No operation is completed here, so none has its result before `commit` has
// returned. A failure that may pass, such as a full disk, is recovered from as often as the backend sees a point in it,
// and everything runs again. If `commit` fails, all operations fail, with `errc::outcome_unknown` unless nothing was
// written; the next batch opens a new connection then. One operation alone may be run at once, in a hurry: whatever
// fails there is undone, and the operation is left for a batch, which does not hurry. Only a commit whose outcome is
// unknown cannot be undone. Where the backend lets processes write beside each other, a batch does so if all of its
// operations may. If one turns out to need the store for itself, everything runs again, alone.
#include "store/batch.hpp"

#include <algorithm>
#include <utility>

#include "store/merging.hpp"

namespace cofila::store {

namespace {

/// A batch ends here too.
constexpr milliseconds longest_batch{10};

bool waits(const operation_ptr& op) { return !op->has_failed(); }

void fail_all(std::span<operation_ptr> batch, const error& why)
{
    for (const auto& what : batch)
        if (waits(what))
            what->fail(why);
}

/// Moves the operations of a kind to the front, keeps the order otherwise, and returns how many there are.
std::size_t bring_forward(std::span<operation_ptr> batch, operation::kind kind)
{
    auto front = batch.begin();
    for (auto what = batch.begin(); what != batch.end(); ++what)
        if ((*what)->what() == kind)
            std::rotate(front++, what, what + 1);
    return static_cast<std::size_t>(front - batch.begin());
}

}  // namespace

writing_runner::writing_runner(std::unique_ptr<writer> on, std::shared_ptr<const clock> time, std::size_t most)
    : on_{std::move(on)},
      time_{std::move(time)},
      most_{most}
{}

/// Calls `work` and returns what it throws as a value.
template <class Work>
std::optional<failure> writing_runner::attempted(Work work)
{
    try {
        work();
        return {};
    } catch (...) {
        return on_->describe();
    }
}

std::size_t writing_runner::run(std::span<operation_ptr> waiting)
{
    if (waiting.size() > most_)
        bring_forward(waiting, operation::kind::renewal);
    const auto taken = waiting.first(std::min(waiting.size(), most_));
    if (const auto failed = attempted([&] { on_->open(); })) {
        fail_all(taken, failed->why);
        return taken.size();
    }
    const auto asked = bring_forward(taken, operation::kind::tidy);
    const auto observed = asked + bring_forward(taken.subspan(asked), operation::kind::observe);
    observe(taken.first(observed));
    const auto writes = taken.subspan(observed);
    bring_forward(writes, operation::kind::renewal);
    const auto looked = look(writes);
    const auto written = write(writes.subspan(looked));
    on_->tidy(asked > 0);
    return observed + looked + written;
}

bool writing_runner::run_at_once(operation& op)
{
    if (!on_->hurry())
        return false;
    bool committing = false;
    const auto failed = attempted([&] {
        if (op.looks_first() && finds_nothing(op))
            return;
        on_->begin(true);
        prepare(op);
        op.run(on_->db());
        committing = true;
        on_->commit();
    });
    if (!failed)
        return true;
    on_->roll_back();
    if (committing)
        on_->distrust();
    if (failed->why.code() != errc::outcome_unknown)
        return false;
    op.fail(failed->why);
    return true;
}

bool writing_runner::finds_nothing(operation& op)
{
    on_->begin_reading();
    prepare(op);
    const bool nothing = op.look(on_->db());
    on_->end_reading();
    return nothing;
}

void writing_runner::observe(batch waiting)
{
    for (const auto& what : waiting) {
        std::optional<failure> failed;
        do
            failed = attempted([&] {
                prepare(*what);
                what->run(on_->db());
            });
        while (failed && may_run_again(*failed));
        if (failed)
            what->fail(std::move(failed->why));
    }
}

/// Completes the operations at the front that find nothing to write, without the write lock, which another process may
/// hold. A failure here is not reported: the operation runs after that, and fails again.
std::size_t writing_runner::look(batch waiting)
{
    std::size_t done = 0;
    if (waiting.empty() || !waiting.front()->looks_first())
        return done;
    attempted([&] {
        on_->begin_reading();
        for (; done < waiting.size() && waiting[done]->looks_first(); ++done) {
            prepare(*waiting[done]);
            if (!waiting[done]->look(on_->db()))
                return;
        }
    });
    on_->end_reading();
    return done;
}

/// Runs again without the operation at which everything was rolled back: the others are values and can be repeated.
/// Returns how many have their result or failure.
std::size_t writing_runner::write(batch waiting)
{
    one_by_one_ = false;
    const auto shares = [&](const operation_ptr& op) { return op->shares(on_->db()); };
    alone_ = !on_->can_share() || !std::ranges::all_of(waiting, shares);
    while (std::ranges::any_of(waiting, waits) && begin(waiting)) {
        std::size_t done = 0;
        if (run_all(waiting, done) && commit(waiting.first(done))) {
            if (!alone_)
                confirm(waiting.first(done));
            return done;
        }
        on_->roll_back();
    }
    return waiting.size();
}

bool writing_runner::begin(batch waiting)
{
    std::optional<failure> failed;
    do
        failed = attempted([&] { on_->begin(alone_); });
    while (failed && may_run_again(*failed));
    if (failed) {
        on_->roll_back();
        fail_all(waiting, failed->why);
    }
    return !failed;
}

void writing_runner::prepare(const operation& op)
{
    const auto now = time_->steady_now();
    on_->prepare(now - op.submitted().value_or(now));
}

/// Returns false if the transaction was rolled back, with everything that the other operations had done in it. An
/// operation seldom fails after it has written: then all are undone, and the others run again.
bool writing_runner::run_one(operation& op)
{
    const auto before = on_->rows_written();
    auto failed = attempted([&] {
        prepare(op);
        op.run(on_->db());
    });
    if (!failed)
        return true;
    if (may_run_again(*failed))
        return false;
    op.fail(std::move(failed->why));
    const bool wrote = on_->rows_written() != before;
    if (wrote)
        on_->roll_back();
    return !wrote && on_->in_transaction();
}

/// Runs one operation, or several merged adds. Returns false as `run_one` does.
bool writing_runner::run_next(batch waiting, std::size_t& done)
{
    const auto adds = one_by_one_ ? batch{} : adds_in_front(waiting.subspan(done));
    if (adds.empty()) {
        const auto& what = waiting[done++];
        return !waits(what) || run_one(*what);
    }
    adds_together all{adds};
    const bool stands = run_one(all);
    one_by_one_ = all.has_failed();
    if (!one_by_one_)
        done += adds.size();
    return stands;
}

bool writing_runner::run_all(batch waiting, std::size_t& done)
{
    const auto start = time_->steady_now();
    for (done = 0; done < waiting.size();) {
        if (!run_next(waiting, done))
            return false;
        if (time_->steady_now() - start > longest_batch)
            break;
    }
    return true;
}

/// Returns false if nothing was stored and everything can be run again. Otherwise each operation has its result or its
/// failure.
bool writing_runner::commit(batch waiting)
{
    const auto failed = attempted([&] { on_->commit(); });
    if (!failed)
        return true;
    if (may_run_again(*failed))
        return false;
    fail_all(waiting, failed->why);
    on_->distrust();
    return true;
}

/// What cannot be confirmed stands as it is.
void writing_runner::confirm(batch waiting)
{
    for (const auto& what : waiting) {
        if (!waits(what) || !what->needs_confirmation())
            continue;
        attempted([&] {
            on_->begin_reading();
            what->confirm(on_->db());
        });
        on_->end_reading();
    }
}

bool writing_runner::may_run_again(const failure& why)
{
    if (why.needs_store && !std::exchange(alone_, true)) {
        on_->roll_back();
        return true;
    }
    if (!why.may_pass)
        return false;
    on_->roll_back();
    return on_->recover();
}

}  // namespace cofila::store
