#pragma once
#include <cofila/limits.hpp>
#include <cofila/repository/job_record.hpp>
#include <cofila/time.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "domain/generated_id.hpp"

namespace cofila::sim {

/// What an operation was asked to do: what it may change is judged by this.
struct intent {
    enum class kind { other, add, settle, renew, touch, log, pause, keep_events, limit, remove, retry, promote, sweep };

    kind what = kind::other;
    int node = 0;
    std::uint64_t number = 0;        ///< Of this operation; 0: nobody compares its answer.
    std::string queue{};             ///< The one it is about, by its name; none: all.
    time_point asked_at{};           ///< By the caller's wall clock.
    time_point now{};                ///< The same, but when it is done, by the time that it has waited.
    time_point ran_at{};             ///< When it is done, by the wall clock itself.
    std::set<std::string> ids{};     ///< Jobs that are named: added, removed, retried, promoted, touched, written of.
    std::set<std::string> parts{};   ///< Of jobs to be added, whose ids the store makes: what is random in those.
    std::set<std::string> tokens{};  ///< Locks that are presented, to be given up or renewed or taken away.
    std::set<std::string> claims{};  ///< Tokens for jobs that may be taken.
    /// Locks to be taken away, by their tokens, if they still end then.
    std::map<std::string, std::int64_t> rescues{};
    /// Tokens of attempts that the caller takes for a job's last one, and of those whose error allows no other.
    std::set<std::string> exhausted{};
    std::set<std::string> unrecoverable{};
    bool paused = false;                        ///< What a queue is to be.
    std::optional<std::int64_t> most_events{};  ///< That a queue is to keep.
    std::optional<rate_limit> rate{};           ///< That a queue is to have.

    /// What is behind the key in a generated id.
    static std::string random_part(const std::string& id) { return id.substr(std::min<std::size_t>(id.size(), 14)); }

    void add(const job_record& job)
    {
        if (job.random)
            parts.insert(random_part(domain::generated_id{.random = *job.random}.text()));
        else
            ids.insert(job.id.str());
    }
    /// Whether the job with this id is one of those to be added.
    bool adds(const std::string& id) const { return ids.contains(id) || parts.contains(random_part(id)); }

    /// As a sentence says it.
    std::string name() const
    {
        static constexpr std::array names{
            "something",
            "an add",
            "a settlement",
            "a renewal",
            "a progress",
            "a log line",
            "a pause",
            "an event log setting",
            "a rate limit",
            "a removal",
            "a retry",
            "a promotion",
            "a sweep"
        };
        return names[static_cast<std::size_t>(what)];
    }
};

}  // namespace cofila::sim
