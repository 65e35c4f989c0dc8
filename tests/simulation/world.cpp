#include "world.hpp"

#include <algorithm>
#include <utility>

#include "ask.hpp"
#include "clients.hpp"
#include "node.hpp"
#include "probes.hpp"

namespace cofila::sim {

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t steps_between_looks = 1000;
/// Without faults everything has to end within this many steps.
constexpr std::uint64_t most_peaceful_steps = 400'000;

/// Nothing keeps its jobs from being claimed.
asio::awaitable<void> resume(std::shared_ptr<node> here, node::job_queue queue)
{
    for (bool resumed = false; !resumed && here->is_open();) {
        const auto done = co_await ask(here, queue.resume());
        resumed = done.value.has_value();
        if (here->around.chosen.limited) {
            const auto lifted = co_await ask(here, queue.set_rate_limit(std::nullopt));
            resumed = resumed && lifted.value;
        }
        if (!resumed)
            co_await here->sleep(before_next_try);
    }
}

asio::awaitable<void> count_until_sure(std::shared_ptr<node> here, node::job_queue of, int* counting)
{
    for (bool sure = false; !sure;)
        sure = co_await count(here, of);
    --*counting;
}

/// Twice, as a call that pauses it may be under way.
asio::awaitable<void> resume_for_good(std::shared_ptr<node> here, node::job_queue queue)
{
    const auto& like = here->around.chosen;
    const auto longest_call = 2 * like.operation_deadline + 10 * like.longest_delay;
    co_await resume(here, queue);
    co_await here->sleep(longest_call);
    co_await resume(here, queue);
}

}  // namespace

world::world(std::uint64_t seed, std::string on_disk)
    : chance{seed},
      chosen{chance},
      path{std::move(on_disk)},
      time_line{chance, chosen.in_turn, chosen.lag},
      disk{
          {.sleep = [this](int us) { time_line.spend(std::chrono::microseconds{us}); },
           .locked_out = [this] { return file_is_busy(); },
           .log_written =
               [this] {
                   for (auto* const one : living_)
                       one->log_written();
               },
           .log_copied = [] { reach(probe::log_copied); }}
      }
{}

world::~world() = default;

bool world::run(std::uint64_t steps)
{
    for (int i = 0; i < chosen.nodes + chosen.crowd; ++i)
        start_node(i);
    plan_faults();
    while (time_line.steps() < for_all(steps))
        if (!step())
            return false;
    make_peace();
    return run_until_final() && serve_late_comers() && count_all() && close_all() && compare_rows();
}

/// False: a rule was broken, or nothing is left to do.
bool world::step()
{
    if (std::exchange(power_fails_, false))
        lose_power();
    if (!time_line.step()) {
        known.fail("nothing is left that could happen");
        return false;
    }
    if (time_line.steps() >= compared_at_ + steps_between_looks) {
        compared_at_ = time_line.steps();
        compare_rows();
    }
    return known.broken().empty();
}

void world::start_node(int place)
{
    const auto born = std::make_shared<node>(*this, ++born_, place);
    nodes_.push_back(born);
    living_.push_back(born.get());
    born->start();
}

void world::start_node_later(int place)
{
    ++to_be_born_;
    time_line.at(time_line.now() + chance.any_length(1ms, 2 * chosen.lock_duration), [this, place] {
        --to_be_born_;
        start_node(place);
    });
}

bool world::is_alive(std::int64_t process) const
{
    return std::ranges::any_of(living_, [&](const node* one) { return one->number == process && !one->is_closed(); });
}

void world::begin_run(const claim_name& claim, int node)
{
    const auto& [id, added, nth] = claim;
    const auto* const job = known.find(id);
    if (!job || (!job->gone && job->row.started < nth))
        known.fail("I19: job '" + id + "' runs without a claim");
    for (auto other = running_.lower_bound({id, added, 0}); other != running_.end(); ++other) {
        if (std::get<0>(other->first) != id || std::get<1>(other->first) != added)
            break;
        reach(other->second == node ? probe::came_back : probe::overlapping_runs);
    }
    if (!running_.emplace(claim, node).second)
        known.fail("I21: one claim of job '" + id + "' runs twice");
}

void world::make_peace()
{
    peaceful = true;
    disk.fill(false);
    disk.calm();
    locked_until_ = {};
    power_fails_ = false;
}

bool world::run_until_final()
{
    const auto last = time_line.steps() + for_all(most_peaceful_steps);
    const auto end =
        time_line.now() + 300 * chosen.lock_duration + 10 * (chosen.sweep_interval + chosen.poll_interval) + 60s;
    std::set<int> resumed;
    do {
        for (auto* const one : living_)
            if (one->is_open() && !one->only_waits() && resumed.insert(one->number).second)
                for (const auto& queue : one->queues())
                    one->spawn(resume_for_good(one->shared_from_this(), queue));
        if (!step())
            return false;
        if (time_line.steps() > last || time_line.now() > end)
            known.fail("I24: without faults not every job comes to its end");
    } while (!known.all_final() || resumed.empty() || to_be_born_ > 0);
    return known.broken().empty();
}

/// By every process, until nothing is stored meanwhile.
bool world::count_all()
{
    int counting = 0;
    for (auto* const one : living_)
        if (one->is_open() && !one->only_waits())
            for (const auto& queue : one->queues()) {
                ++counting;
                one->spawn(count_until_sure(one->shared_from_this(), queue, &counting));
            }
    for (const auto last = time_line.steps() + for_all(most_peaceful_steps); counting > 0;)
        if (!step())
            return false;
        else if (time_line.steps() > last)
            known.fail("the jobs could not be counted");
    return known.broken().empty();
}

bool world::close_all()
{
    for (auto* const one : living_)
        one->close();
    for (std::uint64_t i = 0; i < for_all(most_peaceful_steps) && known.broken().empty() && time_line.step(); ++i) {}
    for (const auto& one : nodes_) {
        const auto whose = "process " + std::to_string(one->number);
        if (!one->is_gone())
            known.fail("I24: something of " + whose + " is still suspended");
        if (const auto missing = known.told.missing(one->number); !one->is_dead() && !missing.empty())
            known.fail("I22: " + whose + " lived on and never reported " + missing);
    }
    return known.broken().empty();
}

}  // namespace cofila::sim
