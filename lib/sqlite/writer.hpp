#pragma once
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>

#include "sqlite/log_writeback.hpp"
#include "sqlite/reserve.hpp"
#include "sqlite/session.hpp"
#include "sqlite/store_file.hpp"
#include "store/backend.hpp"

namespace cofila::sqlite {

/// The log is copied into the file once it is longer than this. In bytes, since a page may have one of eight sizes.
inline constexpr std::int64_t longest_log = 4000 * 4096;

/// The connection that writes to a file, and the upkeep of its log and its reserve.
class writer final : public store::writer {
public:
    writer(connection_options options, bool embed);

    /// Copies the log, so that the file is left with a short one.
    ~writer() override;

    void open() override;
    store::tables& db() override { return *session_; }
    void prepare(std::chrono::steady_clock::duration waited) override;
    void begin_reading() override;
    void end_reading() noexcept override;
    store::failure describe() override;
    void give_way() override;

    void begin(bool alone) override;
    void commit() override;
    void roll_back() noexcept override;
    bool in_transaction() const noexcept override { return session_ && session_->link().in_transaction(); }
    std::int64_t rows_written() const noexcept override { return session_->link().changes(); }
    bool recover() override;
    void distrust() noexcept override { is_distrusted_ = true; }
    bool hurry() override;
    void tidy(bool is_asked) noexcept override;

private:
    void close();
    void limit_statements();
    void check_place();
    int new_frames();
    bool log_is_long() { return new_frames() > longest_log / page_size_; }
    bool others_wrote();
    void checkpoint();

    const connection_options options_;
    const bool embed_;
    std::optional<store_file> file_{};  // which file it is that we have open
    reserve reserve_;
    std::int64_t page_size_ = 0;
    std::optional<log_writeback> writeback_{};
    bool is_replaced_ = false;  // as the folder showed once; never reset
    std::unique_ptr<session> session_{};
    std::optional<connection::time_limit> limit_{};  // of the operation under way
    bool committing_ = false;
    bool is_distrusted_ = false;  // the session
    bool in_hurry_ = false;
    bool has_recovered_ = false;                  // since it was opened, or it was tried
    std::unique_ptr<connection> checkpointer_{};  // destroyed before the session, which so is the last to close
    int copied_frames_ = 0;
    bool log_is_copied_ = false;
    std::int64_t copied_version_ = 0;  // of the file when the log was copied; a commit of another connection changes it
};

}  // namespace cofila::sqlite
