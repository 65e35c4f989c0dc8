#include <algorithm>

#include "ask.hpp"
#include "node.hpp"
#include "probes.hpp"
#include "world.hpp"

/// I24, the second half: not only does every job come to its end, an idle worker also takes it up at once.
namespace cofila::sim {

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

asio::awaitable<void> add_late_comer(std::shared_ptr<node> here, node::job_queue to, std::string id, milliseconds delay)
{
    co_await ask(here, to.add("late", "data", {.id = job_id{std::move(id)}, .delay = delay}));
}

}  // namespace

/// So long after it could be done, a claim may come: every hop may be delayed. Where that is no less than the time to
/// the next poll or sweep, which find everything, nothing can be learned; nor where time goes on though work is ready.
std::optional<time> world::pickup_bound() const
{
    const auto bound = 40 * chosen.longest_delay + 100ms;
    const bool telling = chosen.lag == 0 && bound < std::min(chosen.poll_interval, chosen.sweep_interval);
    return telling ? std::optional{bound} : std::nullopt;
}

bool world::pass(time length)
{
    for (const auto end = time_line.now() + length; time_line.now() < end;)
        if (!step())
            return false;
    return true;
}

/// Until no process is stopped, and no worker is paused or has a slot that is given up.
bool world::calm_down()
{
    constexpr int most = 100;
    if (!pass(2 * chosen.lock_duration + 31s))
        return false;
    for (int i = 0; i < most; ++i) {
        const bool stopped = std::ranges::any_of(living_, [](const node* one) { return one->is_stopped(); });
        if (running_.empty() && !stopped)
            return true;
        if (!pass(chosen.lock_duration))
            return false;
    }
    known.fail("I24: a processor does not come to its end");
    return false;
}

/// When all has come to its end: added by each process, to each queue, at once and later.
bool world::serve_late_comers()
{
    const auto bound = pickup_bound();
    if (!bound)
        return true;
    if (!calm_down())
        return false;
    const auto later = std::chrono::ceil<milliseconds>(*bound);
    for (auto* const by : living_)
        for (std::size_t queue = 0; by->is_open() && !by->only_waits() && queue < by->queues().size(); ++queue)
            if (!serve(*by, queue, 0ms, *bound) || !serve(*by, queue, later, *bound))
                return false;
    return true;
}

/// When somebody who idles could first have taken it, wherever it was added; nothing: not yet. Each process has its own
/// idea of when it is due.
std::optional<time> world::claimable_since(const ledger::fate& job, std::size_t queue) const
{
    const auto dated = job.row.state == job_state::delayed ? job.row.run_at : job.due;
    if (!dated)
        return job.waiting_since;
    const time_point due{milliseconds{*dated}};
    std::optional<time> first;
    for (auto* const one : living_)
        if (one->is_open() && one->serves(queue)) {
            const auto here = std::max(job.stored_at, one->clock().world_time(due));
            first = std::min(first.value_or(here), here);
        }
    return first && *first <= time_line.now() ? first : std::nullopt;
}

bool world::serve(node& by, std::size_t queue, milliseconds delay, time bound)
{
    const auto id = "late comer " + std::to_string(++late_comers_);
    by.spawn_caller(add_late_comer(by.shared_from_this(), by.queues()[queue], id, delay));
    auto latest = time_line.now() + bound;  // to be stored, and then to be taken
    std::optional<time> since;
    for (const ledger::fate* job = nullptr; !job || job->row.started == 0; job = known.find(id)) {
        if (job && !since) {
            since = claimable_since(*job, queue);
            latest = since.value_or(time_line.now()) + bound;
        }
        if (time_line.now() > latest)
            known.fail("I24: an idle worker let a job wait: '" + id + "'");
        if (!step())
            return false;
    }
    const bool elsewhere = !by.serves(queue);
    if (delay == 0ms)
        reach(elsewhere ? probe::taken_elsewhere : probe::taken_at_once);
    else
        reach(elsewhere ? probe::due_taken_elsewhere : probe::due_taken_at_once);
    return known.broken().empty() && run_until_final();
}

}  // namespace cofila::sim
