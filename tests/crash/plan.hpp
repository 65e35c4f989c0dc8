#pragma once
#include <cofila/job_options.hpp>

#include <chrono>
#include <cstdint>
#include <string>

namespace cofila::test {

/// What a job of the campaign is like. All of it follows from its id, so that every process knows, and the checker.
struct job_plan {
    std::string data{};
    job_options options{};
    int failures = 0;                  ///< How many of its attempts fail before one succeeds.
    std::chrono::microseconds work{};  ///< How long its processor takes.
    bool removed = false;              ///< It goes as soon as it is completed.
    bool tidied = false;               ///< It is removed by hand, some time after it has been completed.
    bool repeated = false;             ///< It is retried by hand after its first completion.
    bool promoted = false;             ///< It is delayed for so long that it has to be promoted by hand.

    /// Then its id may be free again.
    bool may_go() const { return removed || tidied; }
};

inline std::uint64_t hash_of(const std::string& text)
{
    std::uint64_t hash = 14695981039346656037U;
    for (const auto character : text)
        hash = (hash ^ static_cast<unsigned char>(character)) * 1099511628211U;
    return hash ^ (hash >> 29U);
}

/// `what`, again and again, up to a length that follows from it: below and above what is kept in the row itself.
inline std::string text_about(const std::string& what)
{
    const auto size = hash_of(what) % 1200;
    std::string out = what;
    while (out.size() < size)
        out += ", " + what;
    return out;
}

inline std::string result_of(const std::string& id, int claim)
{
    return text_about("claim " + std::to_string(claim) + " of " + id);
}

/// The claim that a result, as JSON text, was given under.
inline int claim_of(const std::string& result) { return std::stoi(result.substr(std::string{"\"claim "}.size())); }

inline job_plan plan_of(const std::string& id)
{
    const auto hash = hash_of(id);
    const auto one_in = [hash](std::uint64_t many, std::uint64_t which) { return hash / 7 % many == which; };
    job_plan out{.data = text_about(id)};
    out.options.id = job_id{id};
    out.options.attempts = 3;
    out.options.priority = static_cast<int>(hash % 3);
    out.options.lifo = one_in(9, 1);
    out.options.max_stalled_count = one_in(5, 2) ? 1 : 1000;
    out.failures = one_in(8, 3) ? static_cast<int>(hash % 2) + 1 : 0;
    out.work = std::chrono::microseconds{one_in(4, 1) ? hash / 64 % 3000 : 0};
    out.removed = one_in(6, 4);
    out.options.on_completed = out.removed ? retention::remove_at_once() : retention::keep_all();
    out.options.on_failed = retention::keep_all();
    out.tidied = !out.removed && one_in(10, 7);
    out.repeated = !out.removed && out.failures == 0 && one_in(11, 8);
    out.promoted = out.failures == 0 && one_in(25, 6);
    if (one_in(12, 5))
        out.options.delay = milliseconds{1 + static_cast<int>(hash % 10)};
    if (out.promoted)
        out.options.delay = std::chrono::hours{1};
    if (out.failures > 0 && one_in(2, 1))
        out.options.backoff = backoff{.type = backoff::kind::fixed, .delay = milliseconds{2}};
    return out;
}

}  // namespace cofila::test
