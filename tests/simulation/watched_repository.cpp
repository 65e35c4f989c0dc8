#include "watched_repository.hpp"

#include <utility>

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

}  // namespace

/// `work` submits its operation at once when it is awaited, so that what was announced is for this one.
template <class T>
boost::asio::awaitable<T> watched_repository::asked(intent what, awaitable<T> work)
{
    what.node = with_.node;
    with_.writer->announce(std::move(what));
    co_return co_await std::move(work);
}

intent watched_repository::about(kind what, const job_id& id) const
{
    intent out{.what = what};
    out.ids.insert(id.str());
    return out;
}

boost::asio::awaitable<std::vector<added_row>> watched_repository::add(
    std::string queue, std::vector<job_snapshot> jobs
)
{
    intent what{.what = kind::add};
    for (const auto& job : jobs)
        what.ids.insert(job->id.str());
    auto rows = co_await asked(std::move(what), with_.inner->add(std::move(queue), std::move(jobs)));
    for (const auto& row : rows) {
        reach_if(row.duplicate, probe::duplicate_add);
        if (!with_.known->find(row.job->id.str()))
            with_.known->fail("I17: job '" + row.job->id.str() + "' was acknowledged and is not stored");
    }
    co_return rows;
}

boost::asio::awaitable<add_and_claim_answer> watched_repository::add_and_claim(
    std::string queue, job_snapshot job, time_point now, claim_order claims
)
{
    auto what = about(kind::add, job->id);
    what.now = now;
    order(what, claims);
    auto answer =
        co_await asked(what, with_.inner->add_and_claim(std::move(queue), std::move(job), now, std::move(claims)));
    check_claimed(what, answer.claimed);
    co_return answer;
}

boost::asio::awaitable<settle_and_claim_answer> watched_repository::settle_and_claim(settle_and_claim_request request)
{
    intent what{.what = kind::settle, .now = request.now};
    const auto settlements = request.settlements;
    for (const auto& one : settlements)
        what.tokens.insert(one.job.token);
    if (request.claim)
        order(what, *request.claim);
    auto answer = co_await asked(what, with_.inner->settle_and_claim(std::move(request)));
    for (std::size_t i = 0; i < settlements.size(); ++i)
        check_settled(settlements[i], answer.settlements[i]);
    check_claimed(what, answer.claimed);
    reach_if(answer.drained, probe::drained);
    co_return answer;
}

void watched_repository::check_settled(const settlement& what, settled answer) const
{
    const auto& token = what.job.token;
    const auto* const job = with_.known->find(what.job.id.str());
    const bool did = with_.known->was_settled(token);
    const bool remembered = did && job && !job->gone && job->row.token == token;
    if (answer == settled::lost ? remembered : !did)
        with_.known->fail("I11: the answer to a settlement of job '" + what.job.id.str() + "' is not what was stored");
    reach_if(answer == settled::lost, probe::zombie_rejected);
    reach_if(answer == settled::already, probe::repeated_settlement);
}

void watched_repository::check_claimed(const intent& what, const std::vector<job_snapshot>& jobs) const
{
    for (const auto& job : jobs)
        if (!what.claims.contains(job->token) || !with_.known->was_given(job->token))
            with_.known->fail("job '" + job->id.str() + "' was handed out without a claim that was stored");
}

boost::asio::awaitable<std::vector<bool>> watched_repository::extend_locks(
    time_point now, std::vector<lock_extension> locks
)
{
    intent what{.what = kind::renew, .now = now};
    for (const auto& lock : locks)
        what.tokens.insert(lock.job.token);
    return asked(std::move(what), with_.inner->extend_locks(now, std::move(locks)));
}

boost::asio::awaitable<bool> watched_repository::update_progress(std::string queue, job_ref job, std::string progress)
{
    auto what = about(kind::touch, job.id);
    what.tokens.insert(job.token);
    return asked(std::move(what), with_.inner->update_progress(std::move(queue), std::move(job), std::move(progress)));
}

boost::asio::awaitable<bool> watched_repository::add_log(std::string queue, job_ref job, log_line line, int keep)
{
    return with_.inner->add_log(std::move(queue), std::move(job), std::move(line), keep);
}

boost::asio::awaitable<bool> watched_repository::set_paused(std::string queue, bool paused)
{
    return asked({.what = kind::pause}, with_.inner->set_paused(std::move(queue), paused));
}

boost::asio::awaitable<change_answer> watched_repository::remove(std::string queue, job_id id)
{
    auto what = about(kind::remove, id);
    auto answer = co_await asked(std::move(what), with_.inner->remove(std::move(queue), std::move(id)));
    reach_if(answer.found && !answer.done, probe::remove_refused);
    co_return answer;
}

boost::asio::awaitable<change_answer> watched_repository::retry(std::string queue, job_id id, retry_options options)
{
    auto what = about(kind::retry, id);
    return asked(std::move(what), with_.inner->retry(std::move(queue), std::move(id), options));
}

boost::asio::awaitable<change_answer> watched_repository::promote(std::string queue, job_id id)
{
    auto what = about(kind::promote, id);
    return asked(std::move(what), with_.inner->promote(std::move(queue), std::move(id)));
}

boost::asio::awaitable<sweep_answer> watched_repository::sweep(sweep_request request)
{
    intent what{.what = kind::sweep, .now = request.now};
    for (const auto& order : request.rescues)
        what.tokens.insert(order.token);
    const auto orders = request.rescues.size();
    auto answer = co_await asked(std::move(what), with_.inner->sweep(std::move(request)));
    reach_if(answer.rescued.size() < orders, probe::rescue_too_late);
    co_return answer;
}

boost::asio::awaitable<void> watched_repository::register_worker(worker_row worker)
{
    with_.known->hire(worker.id, with_.node);
    return with_.inner->register_worker(std::move(worker));
}

}  // namespace cofila::sim
