#pragma once
#include <cofila/clock.hpp>
#include <cofila/job_repository.hpp>
#include <cofila/logger.hpp>
#include <cofila/random_source.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <memory>
#include <string>

#include "async/event.hpp"
#include "domain/ids.hpp"
#include "ports/process_table.hpp"

namespace cofila {

/// What every task of one engine stands on. Shared by all of them, so that none outlives its ports.
struct runtime {
    boost::asio::any_io_executor executor;
    std::shared_ptr<job_repository> repository;
    std::shared_ptr<clock> time;
    std::shared_ptr<random_source> random;
    std::shared_ptr<process_table> processes;
    logger log{};
    std::string file{};  ///< The SQLite file that the repository keeps its jobs in; empty: none that we know of.

    domain::id_maker ids{};
    // Somebody should watch for commits.
    event worker_idle{executor};  ///< Set by a worker that begins to wait for jobs.
    event worker_busy{executor};  ///< Set by a worker that takes its first lock.

    /// For assertions: nothing of an engine may be used by another thread than the one that runs its loop.
    bool on_own_thread() const;

    std::string new_id() { return ids.next(time->wall_now(), random->next()); }
    lock_token new_token() { return {.high = random->next(), .low = random->next()}; }
    /// Uniform in [0, 1).
    double draw() { return static_cast<double>(random->next() >> 11) * 0x1p-53; }
};

}  // namespace cofila
