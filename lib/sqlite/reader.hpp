#pragma once
#include <chrono>
#include <memory>
#include <optional>

#include "sqlite/session.hpp"
#include "store/backend.hpp"

namespace cofila::sqlite {

/// A connection that cannot write, so that listings and counts never delay a claim.
class reader final : public store::reader {
public:
    explicit reader(connection_options options);

    void open() override;
    store::tables& db() override { return *session_; }
    void prepare(std::chrono::steady_clock::duration waited) override;
    void begin_reading() override;
    void end_reading() noexcept override;
    store::failure describe() override;
    void give_way() override;

private:
    const connection_options options_;
    std::unique_ptr<session> session_{};
    std::optional<connection::time_limit> limit_{};
};

}  // namespace cofila::sqlite
