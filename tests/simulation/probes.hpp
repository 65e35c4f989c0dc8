#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace cofila::sim {

/// Rare things that the simulation has to have seen. A campaign that never came by one of them has proven nothing
/// about it, and fails.
#define SIM_PROBES(X)                                                                                                  \
    X(zombie_rejected, "a late result was rejected")                                                                   \
    X(repeated_settlement, "a settlement was repeated and recognised as already done")                                 \
    X(ghost_commit, "a commit took place and was reported as failed")                                                  \
    X(ghost_came_later, "a commit that failed showed when the log was read anew")                                      \
    X(ghost_overwritten, "a commit that failed and could still have shown was overwritten")                            \
    X(blackout, "all processes died at once, after a failure of the disk")                                             \
    X(ghost_add_repeated, "an add whose outcome was unknown was repeated and found its job")                           \
    X(unknown_but_undone, "a commit failed, its outcome was unknown, and nothing was stored")                          \
    X(batch_ran_again, "a batch was rolled back and run again without the operation that failed")                      \
    X(batch_of_many, "one transaction for five operations or more")                                                    \
    X(batch_cut, "a transaction ended though operations were waiting")                                                 \
    X(refused_busy, "an operation was refused since others held the file")                                             \
    X(waited_for_file, "an operation waited for a busy file and succeeded")                                            \
    X(disk_full, "an operation was refused since the disk was full")                                                   \
    X(disk_failed, "an operation failed with the disk")                                                                \
    X(reopened, "a connection was opened anew after a failure")                                                        \
    X(log_copied, "the log was copied into the file")                                                                  \
    X(crashed_active, "a process died while it held locks")                                                            \
    X(crashed_unanswered, "a process died between a commit and its answer")                                            \
    X(crashed_idle, "a process died while it held nothing")                                                            \
    X(rescued_dead, "a job was rescued from a dead process before its lock ran out")                                   \
    X(rescued_expired, "a job was rescued when its lock had run out")                                                  \
    X(rescue_delayed, "a rescued job waited for its backoff")                                                          \
    X(stalled_too_often, "a job failed since it stalled too often")                                                    \
    X(rescue_too_late, "a rescue found that the lock had changed")                                                     \
    X(paused_past_lock, "a process was stopped for longer than a lock")                                                \
    X(self_fenced, "a worker gave a lock up by its own clock")                                                         \
    X(came_back, "a process got a job again while its earlier run went on")                                            \
    X(overlapping_runs, "two processes ran one job at once")                                                           \
    X(renewed, "a lock was renewed")                                                                                   \
    X(renewed_twice, "a lock was renewed twice or more")                                                               \
    X(retried_after_backoff, "a failed job waited for its backoff")                                                    \
    X(retried_at_once, "a failed job waited again at once")                                                            \
    X(exhausted, "a job failed with its attempts used up")                                                             \
    X(unrecoverable, "a job failed for good with attempts left")                                                       \
    X(odd_exception, "a processor threw what is no exception")                                                         \
    X(released, "a job was given back at a close")                                                                     \
    X(thrown_at_shutdown, "a processor threw since a shutdown asked it to end, and its job was given back")            \
    X(unstored, "a worker closed though the store did not take an outcome")                                            \
    X(abandoned, "a processor ignored its cancellation and was given up")                                              \
    X(stuck, "a processor that did not listen lost its slot")                                                          \
    X(closed_in_grace, "a worker closed and its jobs finished within the grace")                                       \
    X(duplicate_add, "an id was added a second time")                                                                  \
    X(taken_with_add, "an idle worker took a job in the transaction that added it")                                    \
    X(promoted_due, "a delayed job became due")                                                                        \
    X(promoted_by_hand, "a delayed job was promoted by hand")                                                          \
    X(retried_by_hand, "a finished job was retried by hand")                                                           \
    X(removed_by_hand, "a job was removed by hand")                                                                    \
    X(remove_refused, "the removal of an active job was refused")                                                      \
    X(removed_at_once, "a job was removed with the commit that finished it")                                           \
    X(log_cut, "a log lost its oldest line to a new one")                                                              \
    X(log_refused, "a line for a log came too late")                                                                   \
    X(renewal_refused, "a renewal came too late")                                                                      \
    X(pruned, "finished jobs were removed by their retention")                                                         \
    X(claim_while_paused, "a worker asked a paused queue for jobs")                                                    \
    X(counted, "jobs were counted, and nothing was stored meanwhile")                                                  \
    X(lifo_first, "a job was put before others that waited")                                                           \
    X(drained, "a queue was drained")                                                                                  \
    X(slot_threw, "a slot of an event threw")                                                                          \
    X(slot_added, "a slot of an event added a job")                                                                    \
    X(call_cancelled, "a call was cancelled and ended so")                                                             \
    X(cancelled_too_late, "a call was cancelled and its effect took place")                                            \
    X(wall_back, "a wall clock was set back while locks were held")                                                    \
    X(wall_forward, "a wall clock was set forward while locks were held")                                              \
    X(machine_slept, "the machine slept while locks were held")                                                        \
    X(off_loop, "a processor ran on an executor of its own")                                                           \
    X(by_hand, "a job was finished by hand")                                                                           \
    X(by_hand_late, "a job was finished by hand too late")                                                             \
    X(woken_from_outside, "a waiting worker was notified of a write to the log")                                       \
    X(taken_at_once, "an idle worker was given a job")                                                                 \
    X(due_taken_at_once, "an idle worker was given a job that became due")                                             \
    X(taken_elsewhere, "a job was added where nobody works for its queue, and taken by another process")               \
    X(due_taken_elsewhere, "the same of a job that became due")                                                        \
    X(added_together, "several adds were done as one")                                                                 \
    X(shared_queue_made, "adds that were done as one made their queue")                                                \
    X(event_gave_way, "an event was kept no longer since there were newer ones")                                       \
    X(called_from_elsewhere, "somebody called from an executor of his own")                                            \
    X(followed_up_off_loop, "a processor on an executor of its own added a job")                                       \
    X(answered_by_a_look, "a claim or a sweep found nothing and took no lock")                                         \
    X(done_at_once, "a short operation was done where it was submitted")                                               \
    X(early_one_passed, "a job that another clock let wait was not claimed yet")                                       \
    X(queue_forgotten, "a queue without jobs was forgotten")                                                           \
    X(rate_limited, "a rate limit let less be claimed than was asked for")                                             \
    X(waited_past_window, "a claim waited in front of the file for longer than the window of its rate limit")

enum class probe : std::uint8_t {
#define SIM_NAME(name, text) name,
    SIM_PROBES(SIM_NAME)
#undef SIM_NAME
        count
};

constexpr std::size_t probe_count = static_cast<std::size_t>(probe::count);

std::string_view to_string(probe which);

using probe_counts = std::array<std::uint64_t, probe_count>;
probe_counts& reached();
inline void reach(probe which) { ++reached()[static_cast<std::size_t>(which)]; }
inline void reach_if(bool condition, probe which)
{
    if (condition)
        reach(which);
}

}  // namespace cofila::sim
