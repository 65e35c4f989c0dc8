#pragma once
#include <cofila/repository/job_repository.hpp>

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace cofila::test {

/// The result of an operation, as its caller knows it.
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

/// A job with the lines of its log.
struct logged_job : job_record {
    std::string logs{};
};

/// What a store holds.
struct store_content {
    std::map<std::string, std::optional<logged_job>> jobs{};  ///< By id; nothing where a job is not there.
    std::map<std::string, std::string> others{};              ///< What is no job's, by a name.
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
    void promote_one(const job_id& id, told how);
    void log(const job_snapshot& job, const std::string& line, told how);
    void remove(const job_id& id, told how);
    void retry(const job_id& id, told how);
    /// What is no job's is this now.
    void set(const std::string& name, const std::string& value, told how);

    std::vector<std::string> ids() const;
    /// `found`: all jobs of this ledger, and all that was set.
    findings compare(const store_content& found) const;

private:
    using stored = std::optional<logged_job>;
    using effect = std::function<stored(const stored&)>;
    struct known {
        stored believed{};  // if nothing of what is unknown has happened
        std::vector<stored> may_be{};
    };
    struct known_value {
        std::string believed{};
        std::vector<std::string> may_be{};
    };

    static bool can_be(const known& of, const stored& job);
    static bool may_have_state(const known& of, job_state state);
    static void make(known& of, const effect& change, told how);
    void compare_jobs(const store_content& found, findings& out) const;
    void compare_others(const store_content& found, findings& out) const;
    void compare_bulks(const store_content& found, findings& out) const;
    /// Changes a job that the token of `claim` holds.
    void make_active(const job_snapshot& claim, const std::function<void(logged_job&)>& change, told how);

    std::map<std::string, known> entries_{};
    std::map<std::string, known_value> values_{};
    std::vector<std::vector<std::string>> together_{};
};

}  // namespace cofila::test
