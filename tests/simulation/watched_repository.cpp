#include "watched_repository.hpp"

#include <algorithm>
#include <utility>
#include <variant>

#include "answers.hpp"
#include "domain/ids.hpp"
#include "probes.hpp"

namespace cofila::sim {

namespace {

using kind = intent::kind;

void order(intent& what, const claim_order& claims)
{
    for (const auto& token : claims.tokens)
        what.claims.insert(domain::to_text(token));
}

/// Producers ask for these only.
kind kind_of(const job_change& change)
{
    if (std::holds_alternative<removal>(change))
        return kind::remove;
    if (std::holds_alternative<retrial>(change))
        return kind::retry;
    return std::holds_alternative<promotion>(change) ? kind::promote : kind::other;
}

/// A worker settles jobs of the queue from which it claims.
std::string queue_of(const settle_and_claim_request& request)
{
    if (request.claim)
        return request.claim->queue;
    return request.settlements.empty() ? std::string{} : request.settlements.front().job.queue;
}

}  // namespace

/// `work` submits its operation at once when it is awaited, so that what was announced is for this one.
template <class T, class Check>
boost::asio::awaitable<T> watched_repository::asked(intent what, awaitable<T> work, Check check)
{
    auto& known = *with_.known;
    what.node = with_.node;
    what.number = known.next_number();
    const auto name = what.name();
    const auto number = what.number;
    with_.writer->announce(std::move(what));
    auto answer = co_await std::move(work);
    const auto did = known.take_effect(number);
    if (!did)
        known.fail("the answer to " + name + " came, and it was never stored");
    else if (!check(*did, answer))
        known.fail("the answer to " + name + " is not what was stored");
    co_return answer;
}

intent watched_repository::about(kind what, const std::string& queue, const job_id& id) const
{
    intent out{.what = what, .queue = queue};
    out.ids.insert(id.str());
    return out;
}

/// The simulation adds to one queue at a time.
boost::asio::awaitable<add_answer> watched_repository::add(std::vector<job_draft> jobs)
{
    intent what{.what = kind::add, .queue = jobs.empty() ? std::string{} : jobs.front()->queue};
    for (const auto& job : jobs)
        what.add(*job);
    const auto count = jobs.size();
    auto answer =
        co_await asked(std::move(what), with_.inner->add(std::move(jobs)), [count](const auto& did, const auto& said) {
            return said.rows.size() == count && is_true(did, said);
        });
    for (const auto& row : answer.rows)
        check_added(row);
    co_return answer;
}

boost::asio::awaitable<add_answer> watched_repository::add_and_claim(job_draft job, time_point now, claim_order claims)
{
    intent what{.what = kind::add, .queue = job->queue, .now = now};
    what.add(*job);
    order(what, claims);
    auto answer = co_await asked(
        what,
        with_.inner->add_and_claim(std::move(job), now, std::move(claims)),
        [](const auto& did, const auto& said) { return said.rows.size() == 1 && is_true(did, said); }
    );
    check_added(answer.rows.front());
    check_claimed(what, answer.claimed);
    co_return answer;
}

void watched_repository::check_added(const added_row& row) const
{
    reach_if(row.duplicate, probe::duplicate_add);
    if (!with_.known->find(row.job->id.str()))
        with_.known->fail("I17: job '" + row.job->id.str() + "' was acknowledged and is not stored");
}

boost::asio::awaitable<settle_and_claim_answer> watched_repository::settle_and_claim(settle_and_claim_request request)
{
    intent what{.what = kind::settle, .queue = queue_of(request), .now = request.now};
    for (const auto& [job, change] : request.settlements) {
        what.tokens.insert(job.token);
        if (change.retries_exhausted)
            what.exhausted.insert(job.token);
        if (change.failed_attempt && change.failed_attempt->error.unrecoverable)
            what.unrecoverable.insert(job.token);
    }
    if (request.claim)
        order(what, *request.claim);
    const auto same = std::make_shared<const settle_and_claim_request>(request);
    auto answer = co_await asked(
        what,
        with_.inner->settle_and_claim(std::move(request)),
        [same](const auto& did, const auto& said) { return is_true(did, *same, said); }
    );
    for (std::size_t i = 0; i < same->settlements.size(); ++i)
        check_settled(same->settlements[i], answer.settlements[i]);
    check_claimed(what, answer.claimed);
    reach_if(answer.drained, probe::drained);
    co_return answer;
}

void watched_repository::check_settled(const settlement& end, settled answer) const
{
    const auto& token = end.job.token;
    const auto* const job = with_.known->find(end.job);
    const bool did = with_.known->was_settled(token);
    const bool remembered = did && job && !job->gone && job->row.token == token;
    if (answer == settled::lost ? remembered : !did)
        with_.known->fail(
            "I11: the answer to a settlement of job " + std::to_string(end.job.key) + " is not what was stored"
        );
    reach_if(answer == settled::lost, probe::zombie_rejected);
    reach_if(answer == settled::already, probe::repeated_settlement);
}

void watched_repository::check_claimed(const intent& what, const std::vector<job_snapshot>& jobs) const
{
    for (const auto& job : jobs)
        if (!what.claims.contains(job->token) || !with_.known->was_given(job->token))
            with_.known->fail("job '" + job->id.str() + "' was handed out without a claim that was stored");
}

boost::asio::awaitable<std::vector<renewal>> watched_repository::extend_locks(
    time_point now, std::vector<lock_extension> locks
)
{
    intent what{.what = kind::renew, .now = now};
    std::vector<std::string> tokens;
    for (const auto& lock : locks)
        tokens.push_back(lock.job.token);
    what.tokens.insert(tokens.begin(), tokens.end());
    return asked(
        std::move(what),
        with_.inner->extend_locks(now, std::move(locks)),
        [tokens](const auto& did, const std::vector<renewal>& answer) {
            std::vector<bool> held;
            for (const auto& one : answer)
                held.push_back(one.held);
            reach_if(std::ranges::count(held, false) > 0, probe::renewal_refused);
            return is_true(did, tokens, held);
        }
    );
}

boost::asio::awaitable<fenced_write> watched_repository::update_progress(job_ref job, std::string progress)
{
    auto what = about(kind::touch, job.queue, job.id);
    what.tokens.insert(job.token);
    return asked(
        std::move(what),
        with_.inner->update_progress(std::move(job), std::move(progress)),
        [](const auto& did, const fenced_write& answer) { return is_true(did, answer.stored); }
    );
}

boost::asio::awaitable<fenced_write> watched_repository::add_log(job_ref job, log_line line, int keep)
{
    auto what = about(kind::log, job.queue, job.id);
    what.tokens.insert(job.token);
    return asked(
        std::move(what),
        with_.inner->add_log(std::move(job), std::move(line), keep),
        [](const auto& did, const fenced_write& answer) {
            reach_if(!answer.stored, probe::log_refused);
            return is_true(did, answer.stored);
        }
    );
}

boost::asio::awaitable<bool> watched_repository::set_paused(std::string queue, bool paused)
{
    intent what{.what = kind::pause, .queue = queue, .paused = paused};
    return asked(std::move(what), with_.inner->set_paused(std::move(queue), paused), [](const auto& did, bool answer) {
        return is_true(did, answer);
    });
}

boost::asio::awaitable<void> watched_repository::set(std::string queue, queue_setting setting)
{
    intent asked{.what = kind::other, .node = with_.node, .queue = queue};
    if (const auto* const log = std::get_if<event_log>(&setting)) {
        asked.what = kind::keep_events;
        asked.most_events = log->events;
    }
    if (const auto* const all = std::get_if<global_rate>(&setting)) {
        asked.what = kind::limit;
        asked.rate = all->rate;
    }
    with_.writer->announce(std::move(asked));
    co_await with_.inner->set(std::move(queue), setting);
}

boost::asio::awaitable<change_answer> watched_repository::moved(intent what, awaitable<change_answer> work)
{
    return asked(what, std::move(work), [id = job_id{*what.ids.begin()}](const auto& did, const auto& answer) {
        return is_true(did, id, answer);
    });
}

boost::asio::awaitable<change_answer> watched_repository::change(
    std::string queue, job_id id, job_change change, time_point now
)
{
    const auto what = about(kind_of(change), queue, id);
    auto answer = co_await moved(what, with_.inner->change(std::move(queue), std::move(id), std::move(change), now));
    reach_if(what.what == kind::remove && answer.found() && !answer.done(), probe::remove_refused);
    co_return answer;
}

boost::asio::awaitable<sweep_answer> watched_repository::sweep(sweep_request request)
{
    intent what{.what = kind::sweep, .now = request.now};
    for (const auto& order : request.rescues) {
        what.tokens.insert(order.token);
        what.rescues[order.token] = order.locked_until.time_since_epoch().count();
    }
    const auto same = std::make_shared<const sweep_request>(request);
    auto answer = co_await asked(
        std::move(what),
        with_.inner->sweep(std::move(request)),
        [same, known = with_.known](const auto& did, const auto& said) { return is_true(did, *known, *same, said); }
    );
    const auto rescued = std::ranges::count(answer.news, job_news::cause::stalled, &job_news::why);
    reach_if(std::cmp_less(rescued, same->rescues.size()), probe::rescue_too_late);
    co_return answer;
}

boost::asio::awaitable<void> watched_repository::register_worker(worker_row worker)
{
    with_.known->hire(worker.id, with_.node);
    return with_.inner->register_worker(std::move(worker));
}

}  // namespace cofila::sim
