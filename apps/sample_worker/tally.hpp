#pragma once
#include <cofila/job_id.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "file_job.hpp"
#include "manifest.hpp"
#include "walk.hpp"

namespace sample {

struct tally_counts {
    std::uint64_t files = 0;  ///< Found by this run.
    std::uint64_t digested = 0;
    std::uint64_t failed = 0;
    std::uint64_t bytes = 0;       ///< Of all files.
    std::uint64_t bytes_done = 0;  ///< Of digested files, and of parts of large ones.

    std::uint64_t pending() const { return files - digested - failed; }
};

/// The files of one run, and what became of each. The store remembers more: files that have changed or gone since.
/// Calls about a job that is not of this run are ignored.
class tally {
public:
    /// Call before the job is added: it may finish before `add_bulk` has returned.
    void expect(const cofila::job_id& id, std::string path, std::uint64_t size);
    /// From now on the store knows the job.
    void added(const cofila::job_id& id);
    void digested(const cofila::job_id& id, const file_digest& result);
    void failed(const cofila::job_id& id, std::string reason);
    void progressed(const cofila::job_id& id, std::uint64_t percent);
    void unreadable(std::string path, std::string reason);

    const tally_counts& counts() const { return counts_; }
    /// Jobs that the store knows and that have no outcome here yet, in the order of their adding.
    std::vector<cofila::job_id> oldest_pending(std::size_t limit);

    std::vector<manifest_line> digests() const;
    /// Path to reason, including folders and paths that could not be read.
    std::map<std::string, std::string> failures() const;

private:
    enum class state { pending, digested, failed };
    struct entry {
        std::string path{};
        std::uint64_t size = 0;
        std::uint64_t counted = 0;  // its part of `bytes_done`
        state now = state::pending;
        std::string text{};  // the digest, or why there is none
    };
    using entries = std::unordered_map<cofila::job_id, entry>;

    entry* find(const cofila::job_id& id);
    void count(entry& file, std::uint64_t bytes);

    entries files_{};
    std::vector<const entries::value_type*> watched_{};  // oldest first; some may have an outcome by now
    std::map<std::string, std::string> unreadable_{};
    tally_counts counts_{};
};

}  // namespace sample
