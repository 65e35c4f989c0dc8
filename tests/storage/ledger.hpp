#pragma once
#include <cofila/job_repository.hpp>

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace cofila::test {

/// What a caller was told of an operation.
enum class told { done, failed, unknown };

/// How a file differs from what callers were told.
struct findings {
    int lost = 0;        ///< Acknowledged, and not there.
    int torn = 0;        ///< A part of what is to be all or nothing.
    int unexpected = 0;  ///< There, though the caller was told that it is not.
    int corrupt = 0;     ///< SQLite finds damage, or the file cannot be used.
    int ghosts = 0;      ///< There, where the caller was told that nobody knows. Allowed.
    std::string text{};  ///< The first that was found.

    bool any() const { return lost + torn + unexpected + corrupt > 0; }
    findings& operator+=(const findings& more);
};

/// Keeps what was asked of a store and what was answered: with that, each state in which a job may be found.
class ledger {
public:
    using jobs = std::vector<job_snapshot>;

    void add(const jobs& together, told how);
    void claim(const claim_order& order, time_point now, const jobs& claimed, told how);
    void settle(const job_snapshot& job, const transition& change, told how);
    void progress(const job_snapshot& job, const std::string& text, told how);
    void extend(const job_snapshot& job, time_point until, told how);
    void promote(const std::vector<job_id>& promoted, told how);

    std::vector<std::string> ids() const;
    /// `found`: what a store holds of the jobs of this ledger; nothing where a job is not there.
    findings compare(const std::map<std::string, std::optional<job_record>>& found) const;

private:
    using stored = std::optional<job_record>;
    using effect = std::function<stored(const stored&)>;
    struct known {
        stored believed{};  // if nothing of what is unknown has happened
        std::vector<stored> may_be{};
    };

    static void make(known& of, const effect& change, told how);
    /// Changes a job that the token of `claim` holds.
    void make_active(const job_snapshot& claim, const std::function<void(job_record&)>& change, told how);

    std::map<std::string, known> entries_{};
    std::vector<std::vector<std::string>> together_{};
};

}  // namespace cofila::test
