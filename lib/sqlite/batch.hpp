#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "sqlite/log_writeback.hpp"
#include "sqlite/operation.hpp"
#include "sqlite/reserve.hpp"
#include "sqlite/session.hpp"
#include "sqlite/store_file.hpp"

namespace cofila::sqlite {

/// The log is copied into the file once it is longer than this. In bytes, since a page may have one of eight sizes.
inline constexpr std::int64_t longest_log = 4000 * 4096;

/// Carries operations out, without threads. Afterwards each has its result or its failure; completing them is the
/// caller's part.
class batch_runner {
public:
    virtual ~batch_runner() = default;
    /// Takes as many from the front as fit into one step, at least one, and returns how many.
    virtual std::size_t run(std::span<operation_ptr> waiting) = 0;
};

/// One transaction for a whole batch, whose operations share its COMMIT and with it the flush to the disk.
class writing_runner final : public batch_runner {
public:
    writing_runner(connection_options options, bool embed);

    /// Copies the log, so that the file is left with a short one.
    ~writing_runner() override;

    std::size_t run(std::span<operation_ptr> waiting) override;

private:
    using batch = std::span<operation_ptr>;

    bool open(batch waiting);
    std::size_t look(batch waiting);
    bool begin(batch waiting);
    void note_wait(const operation& what);
    bool run_one(operation& what);
    bool run_next(batch waiting, std::size_t& done);
    bool make_room();
    void check_place();
    void roll_back();
    bool run_all(batch waiting, std::size_t& done);
    bool commit(batch waiting);
    void close_session();
    int new_frames();
    bool log_is_long() { return new_frames() > longest_log / page_size_; }
    bool others_wrote();
    void checkpoint();

    const connection_options options_;
    const bool embed_;
    std::optional<store_file> file_{};  // which file it is that we have open
    reserve reserve_;
    bool made_room_ = false;   // in this run
    bool one_by_one_ = false;  // in this run: adds that were tried together failed
    std::int64_t page_size_ = 0;
    std::optional<log_writeback> writeback_{};
    bool is_replaced_ = false;  // as the folder showed once; never reset
    std::unique_ptr<session> session_{};
    std::unique_ptr<connection> checkpointer_{};  // destroyed before the session, which so is the last to close
    int copied_frames_ = 0;
    bool log_is_copied_ = false;
    std::int64_t copied_version_ = 0;  // of the file when the log was copied; a commit of another connection changes it
};

/// Runs each operation in a read transaction of its own; the connection cannot write.
class reading_runner final : public batch_runner {
public:
    explicit reading_runner(connection_options options);
    std::size_t run(std::span<operation_ptr> waiting) override;

private:
    const connection_options options_;
    std::unique_ptr<session> session_{};
};

}  // namespace cofila::sqlite
