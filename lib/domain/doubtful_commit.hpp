#pragma once
#include <cstdint>
#include <optional>

/// What became of a transaction whose commit was sent to a server and never answered. Each transaction of a connection
/// that writes leaves a receipt with its number, and removes the one before: 1, 2, 3 ... So the store itself says which
/// one it holds, whatever happened to the server meanwhile.
namespace cofila::domain {

struct doubtful_commit {
    std::int64_t number = 0;               ///< Of the transaction.
    bool has_receipt = false;              ///< Its receipt is in the store. If not, it can no longer get there.
    std::optional<std::int64_t> before{};  ///< The receipt that the store had of this connection otherwise, if any.
};

struct commit_fate {
    bool stored = false;           ///< Else it has to run again.
    bool others_are_lost = false;  ///< The server has forgotten earlier ones, which it had acknowledged.
};

constexpr commit_fate fate_of(const doubtful_commit& what)
{
    if (what.has_receipt)
        return {.stored = true};
    return {.others_are_lost = what.before.value_or(0) < what.number - 1};
}

}  // namespace cofila::domain
