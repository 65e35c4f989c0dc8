// What befalls the machine and its processes.
#include <algorithm>
#include <iterator>
#include <vector>

#include "node.hpp"
#include "probes.hpp"
#include "world.hpp"

namespace cofila::sim {

using namespace std::chrono_literals;

void world::every(time mean, void (world::*fault)())
{
    if (mean <= time{} || peaceful)
        return;
    time_line.at(time_line.now() + chance.between(time{1}, 2 * mean), [this, mean, fault] {
        if (!peaceful)
            (this->*fault)();
        every(mean, fault);
    });
}

void world::plan_faults()
{
    every(chosen.stops, &world::stop_one);
    every(chosen.crashes, &world::crash_one);
    every(chosen.deployments, &world::deploy_one);
    every(chosen.clock_steps, &world::step_clock);
    every(chosen.machine_sleeps, &world::sleep);
    every(chosen.foreign_locks, &world::lock_file);
    every(chosen.full_disks, &world::fill_disk);
    every(chosen.hold_ups, &world::hold_up);
}

/// Of those that have something to do.
node* world::any_node()
{
    std::erase_if(living_, [](const node* one) { return one->is_closed(); });
    std::vector<node*> busy;
    std::ranges::copy_if(living_, std::back_inserter(busy), [](const node* one) { return !one->only_waits(); });
    return busy.empty() ? nullptr : busy[chance.below(busy.size())];
}

void world::stop_one()
{
    if (auto* const one = any_node())
        one->stop_for(chance.any_length(chosen.lock_duration / 4, 4 * chosen.lock_duration));
}

void world::crash_one()
{
    if (auto* const one = any_node())
        kill(one);
}

void world::kill(node* which)
{
    std::erase(living_, which);
    which->crash();
    if (!which->is_leaving())  // then there is another one already
        start_node_later(which->place);
}

void world::lose_power()
{
    reach(probe::blackout);
    while (auto* const one = any_node())
        kill(one);
    while (!living_.empty())
        kill(living_.back());
}

void world::deploy_one()
{
    auto* const one = any_node();
    if (!one || !one->is_open())
        return;
    one->close();
    start_node_later(one->place);
}

void world::step_clock()
{
    auto* const one = any_node();
    if (!one)
        return;
    const auto by = chance.any_length(chosen.lock_duration / 2, 20 * chosen.lock_duration);
    const bool back = chance.chance(500);
    reach_if(known.holds_locks(one->number), back ? probe::wall_back : probe::wall_forward);
    one->step_wall(back ? -by : by);
}

void world::sleep()
{
    reach_if(known.unfinished() > 0, probe::machine_slept);
    time_line.skip(chance.any_length(chosen.lock_duration, 20 * chosen.lock_duration));
}

void world::lock_file() { locked_until_ = time_line.now() + chance.any_length(1ms, 2 * chosen.operation_deadline); }

void world::fill_disk()
{
    disk.fill(true);
    time_line.at(time_line.now() + chance.any_length(10ms, chosen.lock_duration), [this] { disk.fill(false); });
}

void world::hold_up()
{
    if (auto* const one = any_node())
        one->hold_up_for(chance.any_length(chosen.rate_window / 4, 2 * chosen.rate_window));
}

}  // namespace cofila::sim
