#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <exception>
#include <memory>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>

#include "ask.hpp"
#include "cancelled.hpp"
#include "clients.hpp"
#include "probes.hpp"

namespace cofila::sim {

namespace asio = boost::asio;

namespace {

using job_type = node::job_queue::job_type;
using worker_type = worker<std::string, std::string>;

class run_of;
/// Processors of one worker that run now.
using runs_ptr = std::shared_ptr<std::set<run_of*>>;

/// While a processor runs for a job.
class run_of {
public:
    run_of(node& where, job_type job, runs_ptr of_worker)
        : here_{where},
          job_{std::move(job)},
          claim_{job_.id().str(), job_.timestamp(), job_.attempts_started()},
          of_worker_{std::move(of_worker)}
    {
        here_.around.begin_run(claim_, here_.number);
        of_worker_->insert(this);
        const auto taken = std::ranges::count_if(*of_worker_, [](run_of* one) { return one->has_slot(); });
        if (taken > here_.around.chosen.concurrency)
            here_.around.known.fail("I8: a worker runs more jobs at once than it may");
        reach_if(std::cmp_greater(of_worker_->size(), here_.around.chosen.concurrency), probe::stuck);
    }
    run_of(const run_of&) = delete;
    run_of& operator=(const run_of&) = delete;
    ~run_of()
    {
        of_worker_->erase(this);
        here_.around.end_run(claim_);
    }

    /// Now and then, to know when it was not asked to end yet.
    void look()
    {
        if (!job_.cancelled())
            not_asked_at_ = here_.clock().steady_now();
    }

private:
    /// Surely: less than `stuck_after` ago it was not asked to end.
    bool has_slot()
    {
        look();
        const auto now = here_.clock().steady_now();
        const auto stuck_after = std::chrono::duration_cast<milliseconds>(here_.around.chosen.stuck_after);
        return not_asked_at_ && now - *not_asked_at_ < stuck_after;
    }

    node& here_;
    const job_type job_;
    const world::claim_name claim_;
    const runs_ptr of_worker_;
    std::optional<steady_time> not_asked_at_{};
};

void fail_somehow(dice& chance)
{
    switch (chance.below(4)) {
    case 0:
        reach(probe::odd_exception);
        throw 42;
    case 1:
        throw unrecoverable_error{"never again"};
    case 2:
        throw boost::system::system_error{asio::error::operation_aborted};
    default:
        throw std::runtime_error{"this time not"};
    }
}

asio::awaitable<void> report(std::shared_ptr<node> here, job_type job)
{
    if (here->chance().chance(200))
        co_await ask(here, job.update_progress({{"half", true}}));
    if (here->chance().chance(100))
        for (int lines = here->chance().between(1, 4); lines > 0; --lines)
            co_await ask(here, job.log("a line"));
}

/// From wherever the processor runs.
asio::awaitable<void> add_follow_up(std::shared_ptr<node> here, node::job_queue to)
{
    const auto& like = here->around.chosen;
    const bool room = std::cmp_less(here->around.known.unfinished(), like.most_unfinished);
    if (here->is_busy() && here->chance().perhaps(like.follow_ups) && room) {
        const auto added = co_await ask(here, to.add("follow-up", "data"));
        reach_if(added.value && like.off_loop, probe::followed_up_off_loop);
    }
}

/// Until it ends. One that is deaf to its cancellation may still ask for it.
asio::awaitable<void> take_time(std::shared_ptr<node> here, job_type job, run_of* running, time length)
{
    const bool asks = !here->around.peaceful && here->chance().perhaps(here->around.chosen.asking);
    if (asks)
        co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    for (int part = 0; part < 4; ++part) {
        co_await here->sleep(length / 4);
        running->look();
        if (asks && job.cancelled())
            throw std::runtime_error{"we are closing"};
    }
}

/// Succeeds, fails, takes too long, blocks its thread, or does not listen.
asio::awaitable<std::string> work(std::shared_ptr<node> here, node::job_queue of, job_type job, runs_ptr of_worker)
{
    run_of running{*here, job, std::move(of_worker)};
    reach_if(here->around.chosen.off_loop, probe::off_loop);
    auto& chance = here->chance();
    const auto& like = here->around.chosen;
    const bool mad = !here->around.peaceful;
    auto length = chance.any_length(like.longest_run / 20, like.longest_run);
    if (mad && chance.chance(like.overrunning))
        length += chance.any_length(like.lock_duration, 4 * like.lock_duration);
    if (mad && chance.chance(like.blocking))
        here->around.time_line.spend(chance.any_length(like.lock_duration / 4, 3 * like.lock_duration));
    if (mad && chance.chance(like.stubborn)) {
        co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
        length += like.grace + std::chrono::seconds{2};
    }
    co_await report(here, job);
    co_await add_follow_up(here, of);
    co_await take_time(here, job, &running, length);
    if (chance.chance(like.failing))
        fail_somehow(chance);
    co_return "done";
}

/// Now and then puts what ends it in words of its own.
asio::awaitable<std::string> process(std::shared_ptr<node> here, node::job_queue of, job_type job, runs_ptr of_worker)
{
    std::exception_ptr thrown;
    try {
        co_return co_await work(here, of, job, std::move(of_worker));
    } catch (...) {
        thrown = std::current_exception();
    }
    if (job.cancel_reason() == cancel_reason::shutdown)
        here->around.known.expect_release(job.handle()->token);
    if (job.cancelled() && here->chance().chance(500))
        throw unrecoverable_error{"ended, in words of my own"};
    std::rethrow_exception(thrown);
}

worker_options some_options(node& here)
{
    const auto& like = here.around.chosen;
    const auto ms = [](time t) { return std::chrono::duration_cast<milliseconds>(t); };
    worker_options out{
        .concurrency = like.concurrency,
        .prefetch = like.prefetch,
        .lock_duration = ms(like.lock_duration),
        .poll_interval = ms(like.poll_interval),
        .grace = ms(like.grace),
        .stuck_after = ms(like.stuck_after),
    };
    if (like.off_loop)
        out.executor = here.pool();
    return out;
}

/// Pauses and resumes it, changes its concurrency, closes it in the end: what an administrator may do to a worker.
asio::awaitable<void> meddle(std::shared_ptr<node> here, detail::worker_ptr with)
{
    auto& chance = here->chance();
    const auto lock = here->around.chosen.lock_duration;
    while (here->is_busy()) {
        co_await here->sleep(chance.any_length(lock, 20 * lock));
        if (!here->is_busy())
            break;
        switch (chance.below(4)) {
        case 0:
            detail::set_paused(with, true);
            co_await here->sleep(chance.any_length(lock / 4, 2 * lock));
            detail::set_paused(with, false);
            break;
        case 1:
            detail::set_concurrency(with, chance.between(1, here->around.chosen.concurrency));
            break;
        case 2:
            detail::stop(with, std::nullopt);
            co_return;
        default:
            co_await ask(
                here, detail::close(with, std::chrono::duration_cast<milliseconds>(chance.any_length(lock / 4, lock)))
            );
            co_return;
        }
    }
}

void note_end(const close_report& ended)
{
    reach_if(!ended.abandoned.empty(), probe::abandoned);
    reach_if(!ended.unstored.empty(), probe::unstored);
    reach_if(!ended.finished.empty() && ended.released.empty() && ended.cancelled.empty(), probe::closed_in_grace);
}

}  // namespace

asio::awaitable<void> employ(std::shared_ptr<node> here, node::job_queue from)
{
    while (here->is_open()) {
        const auto running = std::make_shared<std::set<run_of*>>();
        worker_type working{
            from,
            [here, from, running](job_type job) { return process(here, from, std::move(job), running); },
            some_options(*here)
        };
        working.events().lock_lost.connect([self = here.get(), worker = working.id()](const auto& event) {
            const auto* const job = self->around.known.find(event.id.str());
            const bool still_held = job && job->row.state == job_state::active && job->row.worker == worker;
            reach_if(still_held && !self->is_dead(), probe::self_fenced);
        });
        here->spawn(meddle(here, working.core()));
        const auto& like = here->around.chosen;
        auto run = working.run();
        if (here->is_busy() && here->chance().chance(like.cancelled))
            run = cancelled_at_some_moment(here, 20 * like.lock_duration, std::move(run));
        const auto ended = co_await ask(here, std::move(run));
        if (ended.value && !here->is_dead())
            note_end(*ended.value);
        else if (here->is_open() && !ended.is_aborted())
            here->around.known.fail("a worker ended with an error: " + ended.failed.message());
    }
}

}  // namespace cofila::sim
