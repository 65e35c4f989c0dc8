#pragma once
#include <atomic>
#include <cstdint>
#include <functional>
#include <string>

namespace cofila::postgres {

/// What the connections of one process know of notifications. Each commit that writes is followed by one.
struct mailbox {
    std::atomic<int> own{0};              ///< The server's process behind our writer: what it sends is no news.
    std::atomic<std::uint64_t> heard{0};  ///< Grows with each notification, and with each new connection of the reader.
    std::function<void()> tell{};         ///< Called when it has grown, on the reader's thread.
};

/// The channel on which the processes that use a schema notify each other.
inline std::string channel_of(const std::string& schema) { return "cofila_" + schema; }

}  // namespace cofila::postgres
