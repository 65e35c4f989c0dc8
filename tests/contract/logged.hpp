#pragma once
#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "contract/contract.hpp"

namespace cofila::test {

namespace asio = boost::asio;

inline asio::awaitable<void> keep(subject s, std::optional<int> events)
{
    return s->set(s.queue(), event_log{.events = events});
}

/// As `3 moved a: active -> failed at 20 (boom)`; the time is that since the test began.
inline std::string words(const logged_event& what)
{
    constexpr const char* kinds[] = {"added", "moved", "progress", "removed"};
    std::string out = std::to_string(what.sequence) + ' ' + kinds[static_cast<int>(what.what)] + ' ' + what.id.str();
    out += ": " + (what.from ? std::string{to_string(*what.from)} + " -> " : std::string{});
    out += to_string(what.state);
    if (what.at)
        out += " at " + std::to_string((*what.at - manual_clock::start).count());
    return what.text.empty() ? out : out + " (" + what.text + ')';
}

inline asio::awaitable<std::vector<std::string>> log_after(subject s, std::uint64_t after, int limit = 100)
{
    const auto events = co_await s->events_after(s.queue(), after, limit);
    std::vector<std::string> out;
    for (const auto& what : events)
        out.push_back(words(what));
    co_return out;
}

inline asio::awaitable<event_log_state> state(subject s, std::string cursor = {})
{
    return s->event_log_of(s.queue(), std::move(cursor));
}

}  // namespace cofila::test
