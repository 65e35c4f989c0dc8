#pragma once
#include <cofila/clock.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <span>

#include "store/backend.hpp"
#include "store/operation.hpp"

namespace cofila::store {

/// Carries operations out, without threads. Afterwards each has its result or its failure; completing them is the
/// caller's part.
class batch_runner {
public:
    virtual ~batch_runner() = default;
    /// Takes as many from the front as fit into one step, at least one, and returns how many.
    virtual std::size_t run(std::span<operation_ptr> waiting) = 0;
    /// Runs one operation that takes but a moment, without waiting for a lock or a disk and without upkeep. Returns
    /// false if that is not possible: then nothing was done, and it has to be run as others are.
    virtual bool run_at_once(operation& op) = 0;
    /// See `reader::give_way`.
    virtual void give_way() = 0;
};

/// A batch ends here, so that no caller waits long for its result and no other process for the store.
inline constexpr std::size_t most_operations = 1000;

/// One transaction for a whole batch, whose operations share its COMMIT and with it the flush to the disk.
class writing_runner : public batch_runner {
public:
    writing_runner(std::unique_ptr<writer> on, std::shared_ptr<const clock> time, std::size_t most = most_operations);

    std::size_t run(std::span<operation_ptr> waiting) override;
    bool run_at_once(operation& op) override;
    void give_way() override { on_->give_way(); }

private:
    using batch = std::span<operation_ptr>;

    template <class Work>
    std::optional<failure> attempted(Work work);

    void observe(batch waiting);
    std::size_t look(batch waiting);
    std::size_t write(batch waiting);
    bool begin(batch waiting);
    void confirm(batch waiting);
    bool finds_nothing(operation& op);
    void prepare(const operation& op);
    bool run_one(operation& op);
    bool run_next(batch waiting, std::size_t& done);
    bool run_all(batch waiting, std::size_t& done);
    bool commit(batch waiting);
    bool may_run_again(const failure& why);

    const std::unique_ptr<writer> on_;
    const std::shared_ptr<const clock> time_;
    const std::size_t most_;
    bool alone_ = true;        // in this run: no other process writes
    bool one_by_one_ = false;  // in this run: adds that were tried together failed
};

/// Runs each operation in a read transaction of its own, and again after failures that may pass.
class reading_runner : public batch_runner {
public:
    explicit reading_runner(std::unique_ptr<reader> on) : on_{std::move(on)} {}

    std::size_t run(std::span<operation_ptr> waiting) override;
    bool run_at_once(operation&) override { return false; }
    void give_way() override { on_->give_way(); }

private:
    template <class Work>
    std::optional<failure> attempted(Work work);
    std::optional<failure> read(operation& what);

    const std::unique_ptr<reader> on_;
};

}  // namespace cofila::store
