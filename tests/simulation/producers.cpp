#include <algorithm>
#include <array>
#include <iterator>
#include <string>
#include <utility>

#include "ask.hpp"
#include "cancelled.hpp"
#include "clients.hpp"
#include "probes.hpp"

namespace cofila::sim {

namespace asio = boost::asio;

namespace {

milliseconds some_lock(node& here, int most)
{
    const auto lock = here.around.chosen.lock_duration;
    return std::chrono::duration_cast<milliseconds>(here.chance().any_length(lock / 20, most * lock));
}

backoff some_backoff(node& here)
{
    const std::array choices{
        backoff::none(), backoff::fixed(some_lock(here, 1)), backoff::exponential(some_lock(here, 1))
    };
    auto out = here.chance().one_of(choices);
    out.max = some_lock(here, 3);
    out.jitter = here.chance().chance(300) ? 0.5 : 0;
    return out;
}

retention some_retention(node& here)
{
    const std::array choices{
        retention::keep_all(),
        retention::remove_at_once(),
        retention::keep_for(seconds{1}),
        retention::keep_last(3),
        retention::keep_last(10)
    };
    return here.chance().one_of(choices);
}

job_options some_options(node& here)
{
    auto& chance = here.chance();
    job_options out;
    if (chance.chance(500))
        out.priority = chance.between(0, 3);
    if (chance.chance(200))
        out.lifo = true;
    if (chance.chance(here.around.chosen.delayed))
        out.delay = some_lock(here, 5);
    out.attempts = chance.between(1, 4);
    out.backoff = some_backoff(here);
    out.max_stalled_count = chance.between(0, 2);
    if (chance.chance(300))
        out.keep_logs = chance.between(0, 2);
    out.on_completed = some_retention(here);
    out.on_failed = some_retention(here);
    return out;
}

const node::job_queue& some_queue(node& here) { return here.chance().one_of(here.queues()); }

/// An id of one queue, or none.
const node::job_queue* home_of(node& here, const job_id& id)
{
    if (!id.str().starts_with('q'))
        return nullptr;
    return &here.queues()[static_cast<std::size_t>(id.str()[1] - '0')];
}

const node::job_queue& home_or_some_queue(node& here, const job_id& id)
{
    const auto* const home = home_of(here, id);
    return home ? *home : some_queue(here);
}

using added_job = add_result<std::string, std::string>;

asio::awaitable<answer<added_job>> add(std::shared_ptr<node> here, node::job_queue to, job_options options)
{
    auto call = to.add("job", here->chance().chance(50) ? std::string(800, 'x') : "data", std::move(options));
    if (!here->chance().chance(here->around.chosen.cancelled))
        co_return co_await ask(here, std::move(call));
    auto out =
        co_await ask(here, cancelled_at_some_moment(here, 2 * here->around.chosen.longest_delay, std::move(call)));
    reach_if(out.value.has_value(), probe::cancelled_too_late);
    co_return out;
}

/// With an id of its own an add can be repeated until it is certain.
asio::awaitable<void> add_surely(std::shared_ptr<node> here, std::string rest_of_id)
{
    const auto place = here->chance().below(here->queues().size());
    const auto to = here->queues()[place];
    const auto id = "q" + std::to_string(place) + rest_of_id;
    auto options = some_options(*here);
    options.id = job_id{id};
    bool unknown = false;
    while (here->is_busy()) {
        const auto added = co_await add(here, to, options);
        if (added.value) {
            reach_if(unknown && added.value->duplicate, probe::ghost_add_repeated);
            co_return;
        }
        unknown = unknown || added.failed == errc::outcome_unknown;
        co_await here->sleep(std::chrono::milliseconds{10});
    }
}

asio::awaitable<void> add_many(std::shared_ptr<node> here)
{
    std::vector<job_spec<std::string>> jobs;
    for (int i = here->chance().between(1, 5); i > 0; --i)
        jobs.push_back({.name = "job", .data = "data", .options = some_options(*here)});
    auto call = some_queue(*here).add_bulk(std::move(jobs));
    co_await ask(here, std::move(call));
}

asio::awaitable<void> add_one(std::shared_ptr<node> here, node::job_queue to, job_options options)
{
    co_await add(here, std::move(to), std::move(options));
}

/// Many adds that are alike, so that they can share statements; some with the same id.
void add_burst(std::shared_ptr<node> here)
{
    const auto place = here->chance().below(here->queues().size());
    const job_id same{"q" + std::to_string(place) + "-burst-" + std::to_string(here->around.known.next_number())};
    auto options = some_options(*here);
    for (int i = here->chance().between(16, 60); i > 0; --i) {
        options.id = here->chance().chance(50) ? std::optional{same} : std::nullopt;
        here->spawn_caller(add_one(here, here->queues()[place], options));
    }
}

/// A job that exists, or did.
std::optional<job_id> some_job(node& here)
{
    const auto& jobs = here.around.known.jobs();
    if (jobs.empty())
        return {};
    // One of the last: the first ones have long been removed.
    const auto back = std::min<std::size_t>(jobs.size(), 20);
    const auto at = std::prev(jobs.end(), static_cast<std::ptrdiff_t>(1 + here.chance().below(back)));
    return job_id{at->second.row.id};
}

asio::awaitable<void> change_something(std::shared_ptr<node> here, job_id id)
{
    const auto queue = home_or_some_queue(*here, id);
    switch (here->chance().below(8)) {
    case 0:
        co_await ask(here, queue.remove(id));
        break;
    case 1:
        co_await ask(here, queue.retry(id, {.keep_attempts = here->chance().chance(300)}));
        break;
    case 2:
        co_await ask(here, queue.promote(id));
        break;
    case 3:
        co_await ask(here, queue.pause());
        co_await here->sleep(here->chance().any_length(some_lock(*here, 1), 3 * here->around.chosen.lock_duration));
        co_await ask(here, queue.resume());
        break;
    case 4:
        co_await ask(here, queue.get_job(id));
        break;
    case 5:
        co_await ask(here, queue.get_jobs());
        break;
    case 6:
        co_await count(here, queue);
        break;
    default:
        co_await ask(here, queue.get_job_logs(id));
    }
}

using claimed = claimed_job<std::string, std::string>;

/// What a program does that finishes its jobs by itself: it may be too late, and it may forget.
asio::awaitable<void> finish_by_hand(std::shared_ptr<node> here, node::job_queue from, claimed taken)
{
    auto& chance = here->chance();
    const auto lock = std::chrono::duration_cast<milliseconds>(here->around.chosen.lock_duration);
    if (chance.chance(100))
        co_return;
    co_await here->sleep(some_lock(*here, 2));
    if (chance.chance(300))
        co_await ask(here, from.extend_lock(taken.claim, lock));
    co_await here->sleep(some_lock(*here, 1));
    auto end = chance.chance(here->around.chosen.failing) ? from.fail(taken.claim, {.message = "by hand"})
                                                          : from.complete(taken.claim, "by hand");
    if (chance.chance(here->around.chosen.cancelled))
        end = cancelled_at_some_moment(here, 2 * here->around.chosen.longest_delay, std::move(end));
    const auto ended = co_await ask(here, std::move(end));
    reach_if(ended.is_aborted() && !here->is_dead(), probe::call_cancelled);
    reach_if(ended.value.has_value(), probe::by_hand);
    reach_if(ended.failed == errc::lock_lost, probe::by_hand_late);
}

}  // namespace

asio::awaitable<bool> count(std::shared_ptr<node> here, node::job_queue of)
{
    const auto& known = here->around.known;
    const auto before = known.commits();
    const auto counted = co_await ask(here, of.get_job_counts());
    if (!counted.value || known.commits() != before)
        co_return false;
    reach(probe::counted);
    if (*counted.value != known.counts(of.name()))
        known.fail("I7: the jobs of '" + of.name() + "' are not counted as they are");
    co_return true;
}

asio::awaitable<void> produce(std::shared_ptr<node> here, int place)
{
    const auto& like = here->around.chosen;
    const auto prefix = "n" + std::to_string(here->number) + "p" + std::to_string(place) + "-";
    if (here->chance().chance(5 * like.bursts))  // to queues that have not been used yet
        add_burst(here);
    for (int n = 0; here->is_busy(); ++n) {
        co_await here->sleep(here->chance().any_length(like.pause_between_adds / 4, 4 * like.pause_between_adds));
        if (!here->is_busy() || std::cmp_greater_equal(here->around.known.unfinished(), like.most_unfinished))
            continue;
        if (here->chance().chance(like.bursts))
            add_burst(here);
        const auto how = here->chance().below(10);
        if (how < 5)
            co_await add_surely(here, prefix + std::to_string(n));
        else if (how < 6)
            co_await add_many(here);
        else if (const auto known = some_job(*here); how < 7 && known && home_of(*here, *known))
            co_await ask(here, home_of(*here, *known)->add("job", "data", {.id = known}));
        else
            co_await add(here, some_queue(*here), some_options(*here));
    }
}

asio::awaitable<void> keep_events(std::shared_ptr<node> here, node::job_queue of)
{
    const auto& like = here->around.chosen;
    while (here->is_busy()) {
        const bool none = here->chance().chance(100);
        const auto most = none ? std::nullopt : std::optional{here->chance().between(1, like.events_kept)};
        co_await ask(here, of.set_event_log(most));
        co_await here->sleep(here->chance().any_length(like.lock_duration / 10, 20 * like.lock_duration));
    }
}

asio::awaitable<void> limit(std::shared_ptr<node> here, node::job_queue of)
{
    const auto& like = here->around.chosen;
    const auto longest = like.rate_window;
    while (here->is_busy()) {
        const rate_limit some{
            .max = here->chance().between(1, 10),
            .duration = std::chrono::duration_cast<milliseconds>(here->chance().any_length(longest / 4, longest))
        };
        const bool none = here->chance().chance(100);
        co_await ask(here, of.set_rate_limit(none ? std::nullopt : std::optional{some}));
        co_await here->sleep(here->chance().any_length(like.lock_duration, 100 * like.lock_duration));
    }
}

asio::awaitable<void> administer(std::shared_ptr<node> here)
{
    const auto& like = here->around.chosen;
    while (here->is_busy()) {
        co_await here->sleep(here->chance().any_length(like.lock_duration / 10, 2 * like.lock_duration));
        if (auto id = some_job(*here); id && here->is_busy() && here->chance().chance(like.administered))
            co_await change_something(here, std::move(*id));
    }
}

asio::awaitable<void> work_by_hand(std::shared_ptr<node> here)
{
    const auto lock = std::chrono::duration_cast<milliseconds>(here->around.chosen.lock_duration);
    while (here->is_busy()) {
        co_await here->sleep(some_lock(*here, 2));
        if (!here->is_busy())
            co_return;
        const auto from = some_queue(*here);
        const claim_request request{.worker_id = "hand", .lock_duration = lock, .limit = here->chance().between(1, 3)};
        const auto taken = co_await ask(here, from.fetch_next_and_lock(request));
        if (taken.value)
            for (const auto& job : *taken.value)
                here->spawn_caller(finish_by_hand(here, from, job));
    }
}

}  // namespace cofila::sim
