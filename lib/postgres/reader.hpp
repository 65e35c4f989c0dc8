#pragma once
#include <chrono>
#include <memory>
#include <utility>

#include "postgres/channel.hpp"
#include "postgres/mailbox.hpp"
#include "store/backend.hpp"

namespace cofila::postgres {

/// A connection of its own, so that listings and counts never delay a claim. It also hears of commits by others.
class reader final : public store::reader {
public:
    reader(link_options options, std::shared_ptr<mailbox> mail) : with_{std::move(options)}, mail_{std::move(mail)} {}

    void open() override { with_.open(); }
    store::tables& db() override { return with_.current(); }
    void prepare(std::chrono::steady_clock::duration waited) override { with_.current().note_wait(waited); }
    void begin_reading() override;
    void end_reading() noexcept override;
    store::failure describe() override;
    bool recover() override { return with_.recover(); }

private:
    void hear() noexcept;

    channel with_;
    const std::shared_ptr<mailbox> mail_;
    int backend_ = 0;
};

}  // namespace cofila::postgres
