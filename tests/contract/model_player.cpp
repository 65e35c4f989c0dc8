#include "contract/model_player.hpp"

#include <algorithm>
#include <utility>

#include "contract/model_text.hpp"

namespace cofila::test {

namespace asio = boost::asio;

player::player(std::shared_ptr<job_repository> repository) : queues_{subject{repository, "q"}, subject{repository, "q"}}
{
    queues_[1] = queues_[0].in("it's \"another\"");
}

player::step player::play(draws d)
{
    auto out = co_await act(d);
    for (const auto& q : queues_) {
        auto& seen = seen_[is_first(q) ? 0 : 1];
        const auto events = co_await q->events_after(q.queue(), seen, 10'000);
        if (events.empty())
            continue;
        seen = events.back().sequence;
        out += text(events);
    }
    co_return out;
}

player::step player::act(draws d)
{
    auto& q = queues_[d[0] % 2];
    switch (d[1] % 29) {
    case 0:
    case 1:
    case 2:
    case 3:
    case 4:
        co_return co_await add(q, d);
    case 5:
    case 6:
    case 7:
    case 8:
    case 9:
    case 10:
    case 11:
        co_return co_await settle_and_claim(q, d);
    case 12:
        co_return co_await extend(q, d);
    case 13:
        co_return co_await write(q, d);
    case 14:
        co_return co_await write_without_token(q, d);
    case 15:
        co_return "pause " + std::to_string(co_await q->set_paused(q.queue(), d[2] % 3 == 0)) + '\n';
    case 16:
    case 17:
    case 18:
        co_return co_await change_one(q, d);
    case 19:
        co_return co_await change_many(q, d);
    case 20:
        co_return co_await change_page(q, d);
    case 21:
        co_return co_await sweep(d);
    case 22:
    case 23:
        co_return co_await add_and_claim(q, d);
    case 24:
        if (d[2] % 4 == 0)
            co_await q->reset_queue(q.queue());
        co_return "reset\n";
    case 25:
        co_await q->set(q.queue(), some_setting(d[2]));
        co_return "settings " + text(co_await q->settings(q.queue()));
    default:
        q.pass(milliseconds{d[2] % 400});
        co_return "time " + text(q.now()) + '\n';
    }
}

// Few ids, so that they meet; very few in one of the queues, so that it drains.
std::string player::some_id(const subject& q, std::uint32_t draw) const
{
    if (is_first(q) && draw / 25 % 8 == 0 && !made_ids_.empty())
        return made_ids_[made_ids_.size() - 1 - draw / 200 % std::min<std::size_t>(made_ids_.size(), 8)];
    return "job " + std::to_string(draw % (is_first(q) ? 25 : 3));
}

job_draft player::some_job(const subject& q, std::uint32_t id, std::uint32_t draw)
{
    const bool without_id = is_first(q) && id / 25 % 8 == 1;
    auto options = some_options(draw);
    auto data = some_data(draw / 2);
    auto job = std::make_shared<job_record>(
        without_id ? *q.make_without_id(++without_id_, options, data) : *q.make(some_id(q, id), options, data)
    );
    job->name = some_name(draw);
    return job;
}

/// One of the latest claims, held or not; now and then one of the other queue.
const job_snapshot* player::some_claim(const subject& q, std::uint32_t draw) const
{
    const auto& claims = claims_[(draw % 16 == 0) == is_first(q) ? 1 : 0];
    if (claims.empty())
        return nullptr;
    return &claims[claims.size() - 1 - draw / 16 % std::min<std::size_t>(claims.size(), 8)];
}

void player::remember(const subject& q, const std::vector<job_snapshot>& claimed)
{
    auto& claims = claims_[is_first(q) ? 0 : 1];
    claims.insert(claims.end(), claimed.begin(), claimed.end());
}

void player::remember(const std::vector<added_row>& added)
{
    for (const auto& row : added)
        if (row.job->id.str().starts_with('0'))
            made_ids_.push_back(row.job->id.str());
}

player::step player::add(subject q, draws d)
{
    std::vector<job_draft> jobs;
    for (std::uint32_t i = 0; i <= d[2] % 3; ++i)
        jobs.push_back(some_job(q, d[3] + i * d[4], d[5] + i));
    const auto answer = co_await q->add(std::move(jobs));
    remember(answer.rows);
    co_return text(answer);
}

player::step player::add_and_claim(subject q, draws d)
{
    auto job = some_job(q, d[3], d[5]);
    auto order = q.order(static_cast<int>(d[2] % 3));
    const auto answer = co_await q->add_and_claim(std::move(job), q.now(), std::move(order));
    remember(answer.rows);
    remember(q, answer.claimed);
    co_return text(answer);
}

player::step player::settle_and_claim(subject q, draws d)
{
    std::vector<settlement> ends;
    for (std::uint32_t i = 0; i < d[2] % 4; ++i)
        if (const auto* job = some_claim(q, d[3] + i * 7))
            ends.push_back({.job = claim_by_id(*job), .change = some_end(*job, d[4] + i, q.now())});
    const auto answer = co_await q.settle_and_claim(std::move(ends), static_cast<int>(1 + d[5] % 4));
    remember(q, answer.claimed);
    co_return text(answer);
}

player::step player::extend(subject q, draws d)
{
    std::vector<lock_extension> locks;
    for (std::uint32_t i = 0; i < 3; ++i)
        if (const auto* job = some_claim(q, d[2] + i))
            locks.push_back({.job = claim_by_id(*job), .duration = milliseconds{1 + d[3] % 1000}});
    std::vector<job_ref> refs;
    for (const auto& lock : locks)
        refs.push_back(lock.job);
    const auto renewed = text(co_await q->extend_locks(q.now(), std::move(locks)));
    co_return renewed + text(co_await q->cancellations(std::move(refs)));
}

player::step player::write(subject q, draws d)
{
    const auto* job = some_claim(q, d[2]);
    if (!job)
        co_return "nothing to write to\n";
    const auto ref = claim_by_id(*job);
    const auto progress = co_await q->update_progress(ref, std::to_string(d[3]));
    const auto data = co_await q->update_data(ref, some_data(d[5] / 4));
    const log_line line{.at = q.now(), .text = std::to_string(d[4])};
    const auto logged = co_await q->add_log(ref, line, static_cast<int>(d[5] % 4));
    co_return text("progress", progress) + text("data", data) + text("log", logged);
}

player::step player::write_without_token(subject q, draws d)
{
    const job_ref ref{.queue = q.queue(), .id = some_id(q, d[2])};
    const auto progress = co_await q->update_progress(ref, std::to_string(d[3]));
    const auto data = co_await q->update_data(ref, some_data(d[4]));
    co_return text("progress", progress) + text("data", data);
}

player::step player::change_one(subject q, draws d)
{
    co_return "change: " + text(co_await q.change(some_id(q, d[2]), some_change(d[3])));
}

/// To the end of the listing.
player::step player::change_many(subject q, draws d)
{
    const auto filter = some_filter(d[2], q.now());
    co_return "changed\n" +
        text(co_await q.change_all(filter, some_change_of_many(d[3]), static_cast<int>(1 + d[4] % 5)));
}

player::step player::change_page(subject q, draws d)
{
    const auto filter = some_filter(d[2], q.now());
    const page_request request{.limit = static_cast<int>(1 + d[4] % 3)};
    co_return "page\n" + text(co_await q->change_all(q.queue(), filter, request, some_change(d[3]), q.now()));
}

player::step player::sweep(draws d)
{
    sweep_request request{.now = queues_[0].now(), .limit = 1'000'000};
    const auto locks = co_await sorted_locks();
    for (std::size_t i = 0; i < locks.size(); ++i)
        if ((d[2] >> i % 8) % 8 == 0)
            request.rescues.push_back(
                {.key = locks[i].key,
                 .token = locks[i].token,
                 .locked_until = locks[i].locked_until + milliseconds{d[3] % 5 == 0 ? 1 : 0},
                 .jitter = d[4] % 10 / 10.0}
            );
    co_return text(co_await queues_[0]->sweep(std::move(request)));
}

asio::awaitable<std::vector<lock_row>> player::sorted_locks()
{
    auto locks = co_await queues_[0]->locks();
    std::ranges::sort(locks, {}, &lock_row::token);
    co_return locks;
}

}  // namespace cofila::test
