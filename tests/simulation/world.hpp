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
#include "scheduler.hpp"
#include "sqlite/connection.hpp"
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

    /// Faults for so many steps, then none until all is done. True: every rule was kept.
    bool run(std::uint64_t steps);

    const std::string& verdict() const noexcept { return known.broken(); }
    std::uint64_t jobs_added() const noexcept { return known.jobs().size(); }

    // What nodes stand on.
    dice chance;
    const swarm chosen;
    const std::string path;
    scheduler time_line;
    memory_files disk;
    ledger known{chosen.knows_dead};
    bool peaceful = false;  ///< No faults any more, and no new jobs.

    bool is_alive(std::int64_t process) const;
    bool file_is_busy() const { return time_line.now() < locked_until_; }
    /// A claim of a job: its id, when it was added (an id may be used again), and which one it is.
    using claim_name = std::tuple<std::string, time_point, int>;
    void begin_run(const claim_name& claim, int node);
    void end_run(const claim_name& claim) { running_.erase(claim); }
    /// Rows that are not what they should be after a commit whose outcome is unknown are a broken rule.
    void resolve(const std::vector<ledger::entry>& unknown, time began);

private:
    void start_node();
    void start_node_later();
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
    bool run_until_final();
    std::optional<time> pickup_bound() const;
    bool pass(time length);
    bool serve_late_comers();
    bool serve(const char* id, milliseconds delay, time bound);
    bool close_all();
    void make_peace();
    bool compare_rows();
    std::vector<job_row> rows();
    bool step();

    std::vector<std::shared_ptr<node>> nodes_{};  // all that ever lived
    std::vector<node*> living_{};
    int born_ = 0;
    int to_be_born_ = 0;
    time locked_until_{};
    std::uint64_t compared_at_ = 0;
    std::map<claim_name, int> running_{};  // by which process
    std::unique_ptr<sqlite::connection> looking_{};
};

}  // namespace cofila::sim
