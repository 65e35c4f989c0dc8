#pragma once
#include <string>
#include <vector>

namespace cofila::test {

/// What a store holds at the end of a campaign.
struct store_contents {
    struct counters {
        int claim = 0;
        int made = 0;
        int stalled = 0;
    };
    /// One change of a job's state, from the trail; -1 stands for no job.
    struct step {
        std::string id{};
        int was = -1;
        int now = -1;
        std::string token{};
        counters after{};
    };
    struct job {
        std::string id{};
        int state = -1;
        std::string data{};
        std::string result{};
        counters last{};
    };

    std::vector<step> trail{};
    std::vector<job> jobs{};
    bool is_out_of_place = false;  ///< A job's key is not in the table of one state, or a key there is no job's.
};

/// Where a campaign takes place: a store with a trail, and the program that works on it.
class stage {
public:
    virtual ~stage() = default;

    /// The command that starts the child in a role.
    virtual std::vector<std::string> as(const std::string& role, const std::vector<std::string>& rest = {}) const = 0;
    virtual bool is_paused() const = 0;
    virtual store_contents contents() const = 0;
};

}  // namespace cofila::test
