// Plays long random games on a repository and on the reference one: every answer must be the same.
#include <boost/asio/awaitable.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "contract/contract.hpp"
#include "domain/transitions.hpp"

namespace asio = boost::asio;
using namespace cofila;
using namespace cofila::test;
using namespace std::chrono_literals;

TEST_SUITE_BEGIN("model");

namespace {

/// Numbers that decide what happens in one step.
using draws = std::array<std::uint32_t, 6>;

class dice {
public:
    explicit dice(std::uint64_t seed) : state_{seed} {}

    draws roll()
    {
        draws out{};
        for (auto& draw : out) {
            state_ = state_ * 6'364'136'223'846'793'005u + 1'442'695'040'888'963'407u;
            draw = static_cast<std::uint32_t>(state_ >> 33);
        }
        return out;
    }

private:
    std::uint64_t state_;
};

std::string text(const std::optional<time_point>& at)
{
    return at ? std::to_string(at->time_since_epoch().count()) : std::string{"never"};
}

/// Keys and positions are a repository's own numbers; everything else must be the same.
std::string text(job_record job)
{
    job.key = 0;
    job.position = 0;
    return describe(job);
}

std::string text(const job_snapshot& job) { return job ? text(*job) : std::string{"no job\n"}; }

std::string text(const change_answer& answer)
{
    return std::string{answer.found ? "found " : "not found "} + (answer.done ? "done, was " : "not done, was ") +
           (answer.found ? std::string{to_string(answer.was)} : "nothing") + '\n' +
           (answer.done ? text(answer.job) : "");
}

std::string text(const settle_and_claim_answer& answer)
{
    std::string out;
    for (const auto one : answer.settlements)
        out += "settled " + std::to_string(static_cast<int>(one)) + '\n';
    for (const auto& id : answer.promoted)
        out += "promoted " + id.str() + '\n';
    for (const auto& job : answer.claimed)
        out += "claimed " + text(job);
    return out + "next due " + text(answer.next_due) + (answer.drained ? ", drained\n" : "\n");
}

std::string text(const sweep_answer& answer)
{
    std::vector<std::string> lines;
    for (const auto& job : answer.promoted)
        lines.push_back("promoted " + job.queue + '/' + job.id.str());
    for (const auto& rescued : answer.rescued)
        lines.push_back("rescued " + rescued.queue + '/' + text(rescued.job));
    std::map<std::string, std::size_t> pruned;
    for (const auto& jobs : answer.pruned)
        pruned[jobs.queue] += jobs.count;
    for (const auto& [queue, count] : pruned)
        lines.push_back("pruned " + queue + ' ' + std::to_string(count));
    std::ranges::sort(lines);
    std::string out;
    for (const auto& line : lines)
        out += line + '\n';
    return out;
}

/// One side of the game.
class player {
public:
    explicit player(std::shared_ptr<job_repository> repository)
        : queues_{store{repository, "q"}, store{repository, "q"}}
    {
        queues_[1] = queues_[0].in("it's \"another\"");
    }

    /// What the step did, as text.
    asio::awaitable<std::string> play(draws d)
    {
        auto& q = queues_[d[0] % 2];
        switch (d[1] % 20) {
        case 0:
        case 1:
        case 2:
        case 3:
            co_return co_await add(q, d);
        case 4:
        case 5:
        case 6:
        case 7:
        case 8:
            co_return co_await settle_and_claim(q, d);
        case 9:
            co_return co_await extend(q, d);
        case 10:
            co_return co_await write(q, d);
        case 11:
            co_return co_await write_without_token(q, d);
        case 12:
            co_return "pause " + std::to_string(co_await q->set_paused(q.queue(), d[2] % 3 == 0)) + '\n';
        case 13:
            co_return "remove: " + text(co_await q->remove(q.queue(), id(q, d[2])));
        case 14:
            co_return "retry: " + text(co_await q->retry(q.queue(), id(q, d[2]), {.keep_attempts = d[3] % 2 == 0}));
        case 15:
            co_return "promote: " + text(co_await q->promote(q.queue(), id(q, d[2])));
        case 16:
            co_return co_await sweep(d);
        case 17:
            co_return co_await add_and_claim(q, d);
        default:
            q.pass(milliseconds{d[2] % 400});
            co_return "time " + text(q.now()) + '\n';
        }
    }

    /// All that there is, as text.
    asio::awaitable<std::string> look()
    {
        static constexpr std::optional<job_state> filters[] = {
            std::nullopt,
            job_state::waiting,
            job_state::delayed,
            job_state::active,
            job_state::completed,
            job_state::failed
        };
        std::string out;
        for (auto& q : queues_) {
            const bool paused = co_await q->is_paused(q.queue());
            out += q.queue() + (paused ? " paused\n" : "\n");
            const auto counts = co_await q.counts();
            for (const auto count : {counts.waiting, counts.delayed, counts.active, counts.completed, counts.failed})
                out += std::to_string(count) + '\n';
            for (const auto& filter : filters) {
                out += "list\n";
                const auto listed = co_await q.list(filter, 7);
                for (const auto& one : listed)
                    out += one + '\n';
            }
            const auto all = co_await q.list({});
            for (const auto& one : all) {
                out += text(co_await q.get(one));
                const auto lines = co_await q.logs(one);
                for (const auto& line : lines)
                    out += "  log " + line + '\n';
            }
        }
        const auto locks = co_await sorted_locks();
        for (const auto& lock : locks)
            out += "lock " + lock.token + ' ' + text(lock.locked_until) + ' ' +
                   std::to_string(lock.lock_duration.count()) + '\n';
        co_return out;
    }

private:
    // Few ids, so that they meet; very few in one of the queues, so that it drains.
    std::string id(const store& q, std::uint32_t draw) const
    {
        return "job " + std::to_string(draw % (q.queue() == queues_[0].queue() ? 25 : 3));
    }

    static job_options options(std::uint32_t draw)
    {
        job_options out{
            .priority = static_cast<int>(draw % 3),
            .lifo = draw / 3 % 4 == 0,
            .attempts = 1 + static_cast<int>(draw / 12 % 3)
        };
        if (draw / 36 % 3 == 0)
            out.delay = milliseconds{draw % 2500};
        if (draw / 108 % 2 == 0)
            out.backoff = backoff{
                .type = backoff::kind::exponential, .delay = milliseconds{draw % 300}, .max = 400ms, .jitter = 0.5
            };
        const retention choices[] = {
            retention::keep_all(),
            retention::remove_at_once(),
            retention::keep_for(seconds{draw % 3}),
            retention::keep_last(1)
        };
        out.on_completed = choices[draw / 216 % 4];
        out.on_failed = choices[draw / 864 % 4];
        out.max_stalled_count = static_cast<int>(draw / 3456 % 3);
        out.keep_attempts = static_cast<int>(draw / 10368 % 3);
        return out;
    }

    asio::awaitable<std::string> add(store q, draws d)
    {
        std::vector<job_snapshot> jobs;
        for (std::uint32_t i = 0; i <= d[2] % 3; ++i)
            jobs.push_back(q.make(id(q, d[3] + i * d[4]), options(d[5] + i), std::to_string(d[5])));
        const auto rows = co_await q->add(q.queue(), jobs);
        std::string out;
        for (const auto& row : rows)
            out += (row.duplicate ? "duplicate " : "added ") + text(row.job);
        co_return out;
    }

    asio::awaitable<std::string> add_and_claim(store q, draws d)
    {
        const auto limit = static_cast<int>(d[2] % 3);
        const auto answer = co_await q.add_and_claim(id(q, d[3]), options(d[5]), std::to_string(d[5]), limit);
        auto& claims = claims_[d[0] % 2];
        claims.insert(claims.end(), answer.claimed.begin(), answer.claimed.end());
        std::string out = (answer.added.duplicate ? "duplicate " : "added ") + text(answer.added.job);
        for (const auto& job : answer.claimed)
            out += "claimed " + text(job);
        co_return out;
    }

    /// One of the latest claims, held or not; now and then one of the other queue.
    const job_snapshot* some_claim(const store& q, std::uint32_t draw) const
    {
        const bool first = q.queue() == queues_[0].queue();
        const auto& claims = claims_[(draw % 16 == 0) == first ? 1 : 0];
        if (claims.empty())
            return nullptr;
        return &claims[claims.size() - 1 - draw / 16 % std::min<std::size_t>(claims.size(), 8)];
    }

    static transition some_end(const job_snapshot& job, std::uint32_t draw, time_point now)
    {
        switch (draw % 4) {
        case 0:
            return domain::after_success(*job, std::to_string(draw), now);
        case 1:
            return domain::after_release(*job);
        case 2:
            return domain::after_failure(
                *job, failure{.message = "boom " + std::to_string(draw)}, now, draw % 100 / 100.0
            );
        default:
            return domain::after_failure(*job, failure{.message = "bang", .unrecoverable = draw % 8 == 3}, now, 0);
        }
    }

    asio::awaitable<std::string> settle_and_claim(store q, draws d)
    {
        std::vector<settlement> ends;
        for (std::uint32_t i = 0; i < d[2] % 4; ++i)
            if (const auto* job = some_claim(q, d[3] + i * 7))
                ends.push_back({.job = claim_by_id(*job), .change = some_end(*job, d[4] + i, q.now())});
        const auto answer = co_await q.settle_and_claim(std::move(ends), static_cast<int>(1 + d[5] % 4));
        auto& claims = claims_[d[0] % 2];
        claims.insert(claims.end(), answer.claimed.begin(), answer.claimed.end());
        co_return text(answer);
    }

    asio::awaitable<std::string> extend(store q, draws d)
    {
        std::vector<lock_extension> locks;
        for (std::uint32_t i = 0; i < 3; ++i)
            if (const auto* job = some_claim(q, d[2] + i))
                locks.push_back(
                    {.queue = q.queue(), .job = claim_by_id(*job), .duration = milliseconds{1 + d[3] % 1000}}
                );
        const auto extended = co_await q->extend_locks(q.now(), std::move(locks));
        std::string out{"extended"};
        for (const bool one : extended)
            out += one ? " yes" : " no";
        co_return out + '\n';
    }

    asio::awaitable<std::string> write(store q, draws d)
    {
        const auto* job = some_claim(q, d[2]);
        if (!job)
            co_return "nothing to write to\n";
        const auto progress = co_await q->update_progress(q.queue(), claim_by_id(*job), std::to_string(d[3]));
        const log_line line{.at = q.now(), .text = std::to_string(d[4])};
        const auto logged = co_await q->add_log(q.queue(), claim_by_id(*job), line, static_cast<int>(d[5] % 4));
        co_return std::string{progress ? "progress " : "no progress "} + (logged ? "log\n" : "no log\n");
    }

    asio::awaitable<std::string> write_without_token(store q, draws d)
    {
        const auto progress = co_await q->update_progress(q.queue(), job_ref{.id = id(q, d[2])}, std::to_string(d[3]));
        co_return progress ? "progress\n" : "no progress\n";
    }

    asio::awaitable<std::string> sweep(draws d)
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

    asio::awaitable<std::vector<lock_row>> sorted_locks()
    {
        auto locks = co_await queues_[0]->locks();
        std::ranges::sort(locks, {}, &lock_row::token);
        co_return locks;
    }

    std::array<store, 2> queues_;
    std::array<std::vector<job_snapshot>, 2> claims_{};  // all that each queue ever gave out
};

asio::awaitable<void> play_game(std::shared_ptr<job_repository> tested, std::uint64_t seed, int steps)
{
    player side{std::move(tested)};
    player reference{memory_repository()};
    dice rolls{seed};
    for (int step = 0; step < steps; ++step) {
        const auto rolled = rolls.roll();
        const auto expected = co_await reference.play(rolled);
        const auto answer = co_await side.play(rolled);
        REQUIRE_MESSAGE(answer == expected, "seed ", seed, ", step ", step);
        if (step % 25 != 0)
            continue;
        const auto expected_whole = co_await reference.look();
        const auto whole = co_await side.look();
        REQUIRE_MESSAGE(whole == expected_whole, "seed ", seed, ", after step ", step);
    }
}

}  // namespace

TEST_CASE_TEMPLATE("a repository answers as the reference does", Backend, COFILA_COMPARED_BACKENDS)
{
    for (const std::uint64_t seed : {1u, 2u, 3u}) {
        Backend backend;
        run_coro([&]() -> asio::awaitable<void> {
            const auto repository = co_await backend.open();
            co_await play_game(repository, seed, 2000);
            co_await repository->close();
        });
    }
}

TEST_SUITE_END();
