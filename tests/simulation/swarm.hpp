#pragma once
#include <array>
#include <cstddef>
#include <iosfwd>

#include "dice.hpp"

namespace cofila::sim {

/// What one run is like. Each is drawn for the run, many of them off: faults that come all at once hide one another.
struct swarm {
    explicit swarm(dice& of_run);

    // the machine
    bool in_turn = false;  ///< Loops run their handlers in order, as production's does; else in any order.
    int lag = 0;           ///< Of a thousand steps, time goes on though something is ready.
    time shortest_delay{};
    time longest_delay{};  ///< Of the database.
    bool full_durability = true;
    bool knows_dead = true;  ///< One process can tell that another one has died.

    // the processes
    int nodes = 1;
    int queues = 1;
    /// For each place of a process, the queues that it has workers for, as bits. Each queue has some somewhere.
    std::array<unsigned, 3> served{};
    int producers = 1;
    int workers = 1;
    int hands = 0;  ///< Workers without a worker: fetch, extend, complete.
    int concurrency = 1;
    int prefetch = 0;
    bool off_loop = false;
    time lock_duration{};
    time poll_interval{};
    time sweep_interval{};
    time grace{};
    time stuck_after{};
    time operation_deadline{};
    time longest_skew{};
    int parts_per_million = 0;

    // the jobs
    int most_unfinished = 20;
    time pause_between_adds{};
    time longest_run{};
    int failing = 0;      ///< Of a thousand attempts.
    int overrunning = 0;  ///< Of a thousand attempts run past their lock.
    int stubborn = 0;     ///< Of a thousand attempts ignore their cancellation.
    int blocking = 0;     ///< Of a thousand attempts block their thread.
    int delayed = 0;
    int bursts = 0;        ///< Of a thousand times that a producer adds, many more come at once, whatever waits.
    int events_kept = 0;   ///< By each queue, at most; 0: none.
    int administered = 0;  ///< Of a thousand moments somebody removes, retries, promotes, pauses.
    int cancelled = 0;     ///< Of a thousand calls.
    int bad_slots = 0;     ///< Of a thousand events a slot throws, or takes its time, or adds a job.

    // where calls come from
    int elsewhere = 0;   ///< Of a thousand callers run on an executor of their own.
    int follow_ups = 0;  ///< Of a thousand attempts add another job, from wherever they run.
    int asking = 0;      ///< Of a thousand attempts are deaf to their cancellation, but ask for it.

    // requests in front of the file
    bool limited = false;  ///< Queues have rate limits.
    time rate_window{};    ///< The longest.
    time hold_ups{};       ///< Mean time to the next one: requests of a process wait.

    int crowd = 0;  ///< Further processes, each with a worker for the first queue, and no work of its own.

    bool is_of_crowd(int place) const { return place >= nodes; }
    bool serves(int place, std::size_t queue) const
    {
        return is_of_crowd(place) ? queue == 0 : (served[static_cast<std::size_t>(place)] >> queue & 1U) != 0;
    }
    bool clocks_agree() const { return longest_skew == time{} && parts_per_million == 0 && clock_steps == time{}; }

    // the faults, each with the mean time to the next one; 0: never
    time stops{};
    time crashes{};
    time deployments{};  ///< Closed and started again.
    time clock_steps{};
    time machine_sleeps{};
    time foreign_locks{};
    time full_disks{};
    int disk_faults = 0;  ///< Of a thousand batches.
    int ghosts = 0;       ///< Of a thousand batches: the commit fails, and took place or may still show.
    int blackouts = 0;    ///< Of a thousand failures of the disk: then all processes die.

    friend std::ostream& operator<<(std::ostream& out, const swarm& shown);
};

}  // namespace cofila::sim
