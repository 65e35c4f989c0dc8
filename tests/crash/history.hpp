#pragma once
#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "stage.hpp"

namespace cofila::test {

struct verdict {
    std::size_t acknowledged = 0;  ///< Jobs whose add returned.
    std::size_t unknown = 0;       ///< Jobs whose add was under way at a kill, and was not repeated.
    std::size_t completed = 0;     ///< Completions that a process reported.
    std::size_t rescued = 0;       ///< Jobs taken from a dead worker.
    std::size_t promoted = 0;      ///< Jobs promoted, as acknowledged; the next two likewise.
    std::size_t retried = 0;
    std::size_t removed = 0;
    std::size_t lost = 0;                   ///< Acknowledged, and not in the store.
    std::size_t duplicated = 0;             ///< Outcomes accepted twice.
    std::size_t unexpected = 0;             ///< Whatever else is not as it must be.
    std::vector<std::string> complaints{};  ///< The first of them.

    void complain(std::size_t verdict::* kind, const std::string& what);
    verdict& operator+=(const verdict& other);
};

/// What the processes of a campaign have said, to be held against what the file says at the end.
class history {
public:
    void note(const std::string& line);

    /// Lists of ids that were added, each with commas, and of which nobody knows whether they are stored: they may be
    /// added again. Not those with jobs that may be gone by now: such an id is free, and would make another job.
    std::vector<std::string> unknown(const std::string& adder) const;

    /// Compares with the pause flag in the file, at a moment at which nobody can change it.
    void see_paused(bool paused);

    /// Compares with the store, in which nothing is left to do.
    verdict judge(const store_contents& found) const;

private:
    friend class judgement;
    using claim_name = std::pair<std::string, int>;           // the job's id, and the number of the claim
    using change_name = std::pair<std::string, std::string>;  // the verb, and the job's id
    struct change {
        std::string verb{};
        bool acknowledged = false;
    };
    struct times {
        int asked = 0;
        int acknowledged = 0;
    };
    static const std::map<std::string, change> changes;              // by what a process says
    static const std::map<std::string, std::optional<bool>> pauses;  // likewise: what the flag is; none: one of both

    std::map<std::string, bool> adds_{};  // ids with commas -> acknowledged
    std::set<claim_name> runs_{};
    std::map<claim_name, int> completed_{};
    std::map<claim_name, int> failed_{};  // the number is that of the attempt
    std::map<change_name, times> changes_{};
    std::optional<bool> paused_{};  // as was acknowledged last; none: nobody knows
    std::vector<std::string> lost_{};
    std::vector<std::string> strange_{};
};

std::vector<std::string> words_of(const std::string& text, char at);

}  // namespace cofila::test
