#include "swarm.hpp"

#include <array>
#include <ostream>
#include <utility>

namespace cofila::sim {

namespace {

using namespace std::chrono_literals;

constexpr std::array<time, 6> lock_durations{100ms, 500ms, 2s, 5s, 30s, 60s};

}  // namespace

swarm::swarm(dice& of_run)
{
    // Of its own, and new settings are drawn last: so one more changes neither the others nor what else is drawn.
    dice chance{of_run.next()};
    const auto sometimes = [&](int often, int value) {
        return chance.chance(often) ? 1 + chance.between(0, value) : 0;
    };

    in_turn = chance.chance(300);
    lag = sometimes(500, 150);
    shortest_delay = 20us;
    longest_delay = chance.chance(150) ? time{2s} : chance.chance(300) ? time{50ms} : time{2ms};
    full_durability = chance.chance(800);
    knows_dead = chance.chance(700);

    nodes = chance.between(1, 3);
    queues = chance.between(1, 2);
    producers = chance.between(1, 2);
    workers = chance.between(1, 2);
    hands = chance.chance(300) ? 1 : 0;
    concurrency = chance.chance(30) ? 60 : chance.between(1, 6);
    prefetch = sometimes(300, 3);
    off_loop = chance.chance(250);
    lock_duration = chance.one_of(lock_durations);
    poll_interval = chance.any_length(lock_duration / 2, 10s + lock_duration);
    sweep_interval = chance.any_length(lock_duration / 4, 5s + lock_duration);
    grace = chance.any_length(lock_duration / 8, 2 * lock_duration);
    operation_deadline = chance.any_length(20ms, 100ms);
    longest_skew = chance.chance(400) ? chance.between(time{}, 2 * lock_duration) : time{};
    parts_per_million = chance.chance(400) ? chance.between(0, 500) : 0;

    most_unfinished = chance.between(3, 30);
    pause_between_adds = chance.any_length(lock_duration / 200, lock_duration);
    longest_run = chance.any_length(lock_duration / 100, lock_duration);
    failing = sometimes(700, 400);
    overrunning = sometimes(400, 150);
    stubborn = sometimes(300, 100);
    blocking = sometimes(200, 50);
    delayed = sometimes(600, 400);
    administered = sometimes(500, 500);
    cancelled = sometimes(300, 100);
    bad_slots = sometimes(300, 20);

    const auto mean = [&](int often, int locks) {
        return chance.chance(often) ? chance.any_length(2 * lock_duration, locks * lock_duration) : time{};
    };
    stops = mean(400, 20);
    crashes = mean(400, 30);
    deployments = mean(400, 30);
    clock_steps = mean(300, 20);
    machine_sleeps = mean(150, 30);
    foreign_locks = mean(300, 5);
    full_disks = mean(200, 20);
    disk_faults = sometimes(300, 40);
    ghosts = sometimes(200, 20);
    blackouts = sometimes(500, 500);

    const auto all = (1U << static_cast<unsigned>(queues)) - 1;
    const bool everywhere = chance.chance(500);
    for (auto& one : served)
        one = everywhere ? all : static_cast<unsigned>(chance.below(all + 1));
    for (std::size_t queue = 0; std::cmp_less(queue, queues); ++queue)
        served[chance.below(static_cast<std::size_t>(nodes))] |= 1U << queue;
    stuck_after = chance.any_length(lock_duration / 2, 30s + lock_duration);
    bursts = sometimes(250, 40);
    events_kept = sometimes(300, 100);

    elsewhere = sometimes(300, 700);
    follow_ups = sometimes(300, 300);
    asking = sometimes(300, 500);
    limited = chance.chance(200);
    rate_window = chance.any_length(lock_duration / 10, 2 * lock_duration);
    hold_ups = mean(250, 10);
    crowd = chance.chance(1) ? chance.between(50, 150) : 0;
}

std::ostream& operator<<(std::ostream& out, const swarm& s)
{
    const auto ms = [](time t) { return std::chrono::duration_cast<std::chrono::milliseconds>(t).count(); };
    out << "nodes " << s.nodes << " that serve";
    for (int place = 0; place < s.nodes; ++place)
        out << (place > 0 ? "," : "") << ' ' << s.served[static_cast<std::size_t>(place)];
    return out << ", queues " << s.queues << ", producers " << s.producers << ", workers " << s.workers << " of "
               << s.concurrency << "+" << s.prefetch << ", by hand " << s.hands << ", lock " << ms(s.lock_duration)
               << " ms, sweep " << ms(s.sweep_interval) << " ms, stops " << ms(s.stops) << ", crashes " << ms(s.crashes)
               << ", deployments " << ms(s.deployments) << ", steps " << ms(s.clock_steps) << ", sleeps "
               << ms(s.machine_sleeps) << ", busy " << ms(s.foreign_locks) << ", full " << ms(s.full_disks)
               << ", disk faults " << s.disk_faults << ", ghosts " << s.ghosts << ", blackouts " << s.blackouts
               << ", stuck after " << ms(s.stuck_after) << " ms, bursts " << s.bursts << ", events " << s.events_kept
               << ", elsewhere " << s.elsewhere << ", follow-ups " << s.follow_ups << ", asking " << s.asking
               << ", limited " << (s.limited ? ms(s.rate_window) : 0) << " ms, hold-ups " << ms(s.hold_ups)
               << ", crowd " << s.crowd << (s.in_turn ? ", in turn" : "");
}

}  // namespace cofila::sim
