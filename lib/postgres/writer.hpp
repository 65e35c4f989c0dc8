#pragma once
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "postgres/channel.hpp"
#include "postgres/mailbox.hpp"
#include "store/backend.hpp"

namespace cofila::postgres {

/// The connection that writes. Its transactions take the lock of the schema, alone or with others.
class writer final : public store::writer {
public:
    writer(link_options options, std::shared_ptr<mailbox> mail) : with_{std::move(options)}, mail_{std::move(mail)} {}

    void open() override { with_.open(); }
    store::tables& db() override { return with_.current(); }
    void prepare(std::chrono::steady_clock::duration waited) override { with_.current().note_wait(waited); }
    void begin_reading() override { with_.begin(&session::begin_reading); }
    void end_reading() noexcept override;
    store::failure describe() override;

    bool can_share() const noexcept override { return true; }
    void begin(bool alone) override;
    void commit() override;
    void roll_back() noexcept override;
    bool in_transaction() const noexcept override { return with_.current().in_transaction(); }
    std::int64_t rows_written() const noexcept override { return with_.current().sql().writes(); }
    bool recover() override { return with_.recover(); }
    void distrust() noexcept override { with_.distrust(); }
    /// Every transaction waits for the server.
    bool hurry() override { return false; }
    void tidy(bool) noexcept override {}

private:
    bool was_stored(const std::string& why);
    void notify();

    channel with_;
    const std::shared_ptr<mailbox> mail_;
};

}  // namespace cofila::postgres
