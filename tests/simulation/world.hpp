#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "ledger.hpp"
#include "memory_files.hpp"
#include "probes.hpp"
#include "scheduler.hpp"
#include "swarm.hpp"

namespace cofila::sim {

class node;

/// Everything of one run: the machine, its disk, its processes, and what is known to be true.
class world {
public:
    /// `on_disk`: an empty file, since the library looks at the name of its database in the real file system too.
    world(std::uint64_t seed, std::string on_disk);
    world(const world&) = delete;
    world& operator=(const world&) = delete;
    ~world();

    /// Injects faults for `steps` steps, then none until all is done. True: every rule was kept.
    bool run(std::uint64_t steps);

    const std::string& verdict() const noexcept { return known.broken(); }
    std::uint64_t jobs_added() const noexcept { return known.jobs().size(); }

    // What nodes stand on.
    dice chance;
    const swarm chosen;
    const std::string path;
    scheduler time_line;
    memory_files disk;
    ledger known{chosen.knows_dead, chosen.clocks_agree()};
    bool peaceful = false;  ///< No faults any more, and no new jobs.

    bool is_alive(std::int64_t process) const;
    bool file_is_busy() const { return !looking_ && time_line.now() < locked_until_; }
    /// A claim of a job: its id, when it was added (an id may be used again), and which one it is.
    using claim_name = std::tuple<std::string, time_point, int>;
    void begin_run(const claim_name& claim, int node);
    void end_run(const claim_name& claim) { running_.erase(claim); }
    /// What a process has stored, and what may be stored: there a commit has failed.
    void committed(const std::vector<ledger::entry>& done, const std::vector<ledger::entry>& unknown, time began);
    /// Perhaps since the power is about to.
    void disk_failed() { power_fails_ = power_fails_ || (!peaceful && chance.chance(chosen.blackouts)); }
    /// Before anybody builds on it: what became of such commits, if the log has been read anew since.
    void decide_doubts();

private:
    /// Those that idle take steps, too.
    std::uint64_t for_all(std::uint64_t steps) const
    {
        return steps * static_cast<std::uint64_t>(1 + chosen.crowd / 5);
    }
    void start_node(int place);
    void start_node_later(int place);
    void plan_faults();
    void every(time mean, void (world::*fault)());
    node* any_node();
    void stop_one();
    void crash_one();
    void deploy_one();
    void step_clock();
    void sleep();
    void lock_file();
    void fill_disk();
    void hold_up();
    bool run_until_final();
    std::optional<time> pickup_bound() const;
    bool pass(time length);
    bool calm_down();
    bool serve_late_comers();
    bool serve(node& by, std::size_t queue, milliseconds delay, time bound);
    std::optional<time> claimable_since(const ledger::fate& job, std::size_t queue) const;
    bool count_all();
    bool close_all();
    void make_peace();
    bool compare_rows();
    stored_state look();
    void doubt(const std::vector<ledger::entry>& unknown, time began);
    void decide_doubts(bool for_good, probe shown_as);
    void kill(node* which);
    void lose_power();
    bool step();

    std::vector<std::shared_ptr<node>> nodes_{};  // all that ever lived
    std::vector<node*> living_{};
    int born_ = 0;
    int to_be_born_ = 0;
    int late_comers_ = 0;
    time locked_until_{};
    std::uint64_t compared_at_ = 0;
    std::map<claim_name, int> running_{};  // by which process
    bool was_open_ = false;                // there is something to look at
    bool looking_ = false;
    /// A commit that was reported as failed, and may show one day.
    struct open_doubt {
        std::vector<ledger::entry> entries{};
        time began{};
    };
    std::vector<open_doubt> doubts_{};
    std::uint64_t forgotten_ = 0;  // how often the log had been, when the last one came
    bool power_fails_ = false;
};

}  // namespace cofila::sim
