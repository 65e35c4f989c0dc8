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

asio::awaitable<void> add_late_comer(std::shared_ptr<node> here, const char* id, milliseconds delay)
{
    co_await ask(here->queues().front().add("late", "data", {.id = id, .delay = delay}));
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

/// When all has come to its end, and no worker is paused or has a slot that is given up.
bool world::serve_late_comers()
{
    const auto bound = pickup_bound();
    if (!bound)
        return true;
    if (!pass(2 * chosen.lock_duration + 31s) || !serve("a late comer", 0ms, *bound))
        return false;
    reach(probe::taken_at_once);
    if (living_.size() > 1)  // whose clocks have their own idea of when something is due
        return true;
    reach(probe::due_taken_at_once);
    return serve("a late comer that is due later", std::chrono::ceil<milliseconds>(*bound), *bound);
}

bool world::serve(const char* id, milliseconds delay, time bound)
{
    const auto latest = time_line.now() + delay + bound;
    const auto here = std::ranges::find_if(living_, [](const node* one) { return one->is_open(); });
    if (here == living_.end())
        return true;
    (*here)->spawn(add_late_comer((*here)->shared_from_this(), id, delay));
    if (!pass(delay + bound))
        return false;
    const auto* const job = known.find(id);
    if (!job || job->row.started == 0 || job->locked_at > latest)
        known.fail("I24: an idle worker let a job wait: " + std::string{id});
    return known.broken().empty() && run_until_final();
}

}  // namespace cofila::sim
