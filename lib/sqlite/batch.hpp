#pragma once
#include <cstddef>
#include <memory>
#include <span>

#include "sqlite/operation.hpp"
#include "sqlite/session.hpp"

namespace cofila::sqlite {

/// Carries operations out, without threads. Afterwards each of them has its answer or its failure; answering is the
/// caller's part.
class batch_runner {
public:
    virtual ~batch_runner() = default;
    /// Takes as many as fit into one step, at least one, from the front, and says how many.
    virtual std::size_t run(std::span<operation_ptr> waiting) = 0;
};

/// One transaction for a whole batch: its COMMIT, and with it the flush to the disk, is shared by all.
class writing_runner final : public batch_runner {
public:
    writing_runner(connection_options options, bool embed);

    /// Leaves a short log behind.
    ~writing_runner() override;

    std::size_t run(std::span<operation_ptr> waiting) override;

private:
    using batch = std::span<operation_ptr>;

    bool open(batch waiting);
    bool begin(batch waiting);
    bool run_one(operation& what);
    bool run_all(batch waiting, std::size_t& done);
    void commit(batch waiting);
    void close_session();
    int new_frames();
    void checkpoint();

    const connection_options options_;
    const bool embed_;
    std::unique_ptr<session> session_{};
    std::unique_ptr<connection> checkpointer_{};  // after the session, so that the session is the last to close
    int copied_frames_ = 0;
    bool log_is_copied_ = false;
};

/// Each operation reads in a transaction of its own; the connection cannot write.
class reading_runner final : public batch_runner {
public:
    explicit reading_runner(connection_options options);
    std::size_t run(std::span<operation_ptr> waiting) override;

private:
    const connection_options options_;
    std::unique_ptr<session> session_{};
};

}  // namespace cofila::sqlite
