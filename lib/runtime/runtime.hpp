#pragma once
#include <cofila/clock.hpp>
#include <cofila/logger.hpp>
#include <cofila/random_source.hpp>
#include <cofila/repository/job_repository.hpp>

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "async/event.hpp"
#include "async/event_loop.hpp"
#include "domain/generated_id.hpp"
#include "ports/process_table.hpp"
#include "runtime/reporter.hpp"

namespace cofila {

namespace detail {
class queue_core;
}

/// What every task of one engine depends on. Shared by all of them, so that none outlives its ports.
struct runtime {
    loop_ptr loop;
    std::shared_ptr<job_repository> repository;
    std::shared_ptr<clock> time;
    std::shared_ptr<random_source> random;
    std::shared_ptr<process_table> processes;
    logger log{};

    std::shared_ptr<reporter> reports = std::make_shared<reporter>(log, time);
    // Tell the commit listener to watch.
    event worker_idle{loop};  ///< Set by a worker that begins to wait for jobs.
    event worker_busy{loop};  ///< Set by a worker that takes its first lock.
    std::uint64_t taken = 0;  ///< Jobs claimed by workers and calls that asked for some.
    /// The queues that have a worker, or a call that waits: no others need to be notified of changes.
    std::vector<detail::queue_core*> attended{};

    // For draws on any thread, since a worker may be made on any.
    std::mutex drawing{};

    lock_token new_token()
    {
        const std::lock_guard lock{drawing};
        return {.high = random->next(), .low = random->next()};
    }
    random_id_part new_id_part()
    {
        const auto bits = new_token();
        return domain::make_random_part(bits.high, bits.low);
    }
    /// Uniform in [0, 1).
    double draw()
    {
        const std::lock_guard lock{drawing};
        return static_cast<double>(random->next() >> 11) * 0x1p-53;
    }
};

}  // namespace cofila
