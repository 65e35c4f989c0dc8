#pragma once
#include <cstdint>
#include <string>

#include "domain/doubtful_commit.hpp"
#include "postgres/link.hpp"

/// Tells afterwards what became of a transaction whose COMMIT was not answered.
namespace cofila::postgres {

/// Names one transaction of one connection.
struct receipt {
    std::string writer{};  ///< A UUID: no other connection has ever had it.
    std::int64_t number = 0;
};

/// The receipts of one connection.
class receipts {
public:
    explicit receipts(postgres::link& on) : link_{on} {}

    /// Returns the command that leaves the receipt of the next transaction, to be sent within it.
    std::string leave();
    /// Called once its commit was answered.
    void arrived() { ++arrived_; }
    /// Names the transaction for which one was left last.
    receipt last() const { return {.writer = writer_, .number = arrived_ + 1}; }

private:
    void begin();
    std::string statement(const std::string& number, const std::string& at) const;

    postgres::link& link_;
    std::string writer_{};
    std::int64_t arrived_ = 0;
};

/// Asks by a new connection. Waits for the old one's transaction to end, and sees to it that the transaction can no
/// longer be committed if it was not. What is stored is durable then as `link_options::durability` says.
domain::doubtful_commit ask_for(const receipt& left, link& on);

}  // namespace cofila::postgres
