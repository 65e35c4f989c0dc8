#include "sqlite/jobs.hpp"

#include <cofila/error.hpp>

#include <algorithm>
#include <span>
#include <utility>

#include "domain/ids.hpp"
#include "domain/transitions.hpp"
#include "sqlite/rows.hpp"

namespace cofila::sqlite {

namespace {

/// Of one claim. If more are due, the next claim finds them.
constexpr int most_promoted = 1000;

const std::string* inline_text(const std::string& text) { return text.size() > longest_inline ? nullptr : &text; }

using new_jobs = std::span<const std::shared_ptr<job_record>>;

/// What a statement costs beside its rows is shared by so many.
constexpr std::size_t rows_at_once = 16;

#define COFILA_INSERT                                                                                                  \
    "INSERT INTO cofila_jobs (key, queue, id, name, state, priority, position, created_at, run_at, options, data) "    \
    "VALUES "
#define COFILA_ROW "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
#define COFILA_4_ROWS COFILA_ROW "," COFILA_ROW "," COFILA_ROW "," COFILA_ROW
#define COFILA_UNLESS_THERE " ON CONFLICT (queue, id) DO NOTHING"

constexpr const char* insert_one = COFILA_INSERT COFILA_ROW COFILA_UNLESS_THERE;
constexpr const char* insert_many =
    COFILA_INSERT COFILA_4_ROWS "," COFILA_4_ROWS "," COFILA_4_ROWS "," COFILA_4_ROWS COFILA_UNLESS_THERE;

/// The first jobs that one statement can take: the text of their options is kept once.
new_jobs next_rows(new_jobs jobs)
{
    const auto other = [&](const auto& job) { return job->options != jobs.front()->options; };
    const bool many = jobs.size() >= rows_at_once && std::ranges::none_of(jobs.first(rows_at_once), other);
    return jobs.first(many ? rows_at_once : 1);
}

/// How many of them were not there.
std::size_t insert(session& with, std::int64_t queue, new_jobs jobs)
{
    auto statement = with.sql().query(jobs.size() == 1 ? insert_one : insert_many);
    const auto& options = with.options_text(jobs.front()->options);
    for (const auto& job : jobs)
        statement.bind(
            job->key,
            queue,
            job->id.str(),
            job->name,
            static_cast<int>(job->state),
            job->priority,
            job->position,
            job->timestamp,
            job->run_at,
            options,
            inline_text(job->data)
        );
    return static_cast<std::size_t>(statement.run());
}

void add_rows(session& with, std::int64_t queue, new_jobs jobs, std::vector<added_row>& out)
{
    const bool all_new = insert(with, queue, jobs) == jobs.size();
    for (const auto& job : jobs) {
        if (!all_new && key_of(with, queue, {.id = job->id}) != job->key) {
            auto there = std::make_shared<const job_record>(find_job(with, queue, job->id).value());
            out.push_back({.job = std::move(there), .duplicate = true});
            continue;
        }
        if (!inline_text(job->data))
            insert_bodies(with, job->key, &job->data, nullptr);
        out.push_back({.job = job});
    }
}

std::shared_ptr<job_record> numbered(session& with, std::int64_t queue, const job_record& job)
{
    auto stored = std::make_shared<job_record>(job);
    stored->key = with.next_key();
    stored->position =
        with.next_position(queue, *job.options->lifo ? transition::placement::head : transition::placement::tail);
    return stored;
}

settled settle(session& with, std::optional<std::int64_t> queue, const settlement& what)
{
    const auto key = key_of(with, queue, what.job);
    if (!queue || key == 0 || what.job.token.empty())
        return settled::lost;
    if (move_job(with, *queue, key, what.job.token, what.change))
        return settled::accepted;
    auto row = with.sql().query("SELECT token, state FROM cofila_jobs WHERE key = ?1 AND queue = ?2", key, *queue);
    const bool mine =
        row.step() && row.text(0) == what.job.token && row.number(1) != static_cast<int>(job_state::active);
    return mine ? settled::already : settled::lost;
}

bool is_paused(session& with, std::int64_t queue)
{
    auto row = with.sql().query("SELECT paused FROM cofila_queues WHERE number = ?1", queue);
    return row.step() && row.number(0) != 0;
}

std::vector<job_record> best_waiting(session& with, std::int64_t queue, std::size_t limit)
{
    std::vector<job_record> out;
    auto row = with.sql().query(
        "SELECT " COFILA_JOB_COLUMNS
        " FROM cofila_jobs WHERE queue = ?1 AND state = 0 ORDER BY priority, position LIMIT ?2",
        queue,
        static_cast<std::int64_t>(limit)
    );
    while (row.step())
        out.push_back(read_job(with, row));
    return out;
}

job_snapshot end_damaged(session& with, std::int64_t queue, job_record job, time_point now)
{
    const auto change = domain::after_damage(job, now);
    if (!move_job(with, queue, job.key, {}, change))
        throw error{errc::storage_corrupt, "an index of the file does not agree with its table"};
    domain::apply(job, change);
    return std::make_shared<const job_record>(std::move(job));
}

/// What cannot be trusted ends here, one by one, so that it never stands in the way of the others.
std::vector<job_record> best_sound(
    session& with, std::int64_t queue, std::size_t limit, time_point now, std::vector<job_snapshot>& damaged
)
{
    for (;;) {
        auto jobs = best_waiting(with, queue, limit);
        const auto bad = std::ranges::find_if(jobs, [](const auto& job) { return !job.damage.empty(); });
        if (bad == jobs.end())
            return jobs;
        damaged.push_back(end_damaged(with, queue, std::move(*bad), now));
    }
}

std::vector<job_snapshot> claim(
    session& with, std::int64_t queue, const claim_order& order, time_point now, std::vector<job_snapshot>& damaged
)
{
    std::vector<job_snapshot> claimed;
    if (is_paused(with, queue))
        return claimed;
    auto token = order.tokens.begin();
    for (auto& job : best_sound(with, queue, order.tokens.size(), now, damaged)) {
        domain::lock(job, *token++, order.worker, order.lock_duration, now);
        with.sql().exec(
            "UPDATE cofila_jobs SET state = 2, token = ?2, locked_until = ?3, lock_duration = ?4, processed_at = ?5, "
            "worker = ?6, "
            "attempts_started = ?7 WHERE key = ?1",
            job.key,
            job.token,
            job.locked_until,
            job.lock_duration,
            job.processed_at,
            job.worker,
            job.attempts_started
        );
        claimed.push_back(std::make_shared<const job_record>(std::move(job)));
    }
    return claimed;
}

std::optional<time_point> next_due(session& with, std::int64_t queue)
{
    auto row = with.sql().query("SELECT min(run_at) FROM cofila_jobs WHERE queue = ?1 AND state = 1", queue);
    return row.step() ? row.time(0) : std::nullopt;
}

bool nothing_to_do(session& with, std::int64_t queue)
{
    auto row = with.sql().query(
        "SELECT EXISTS (SELECT 1 FROM cofila_jobs WHERE queue = ?1 AND state = 0) "
        "OR EXISTS (SELECT 1 FROM cofila_jobs WHERE queue = ?1 AND state = 2)",
        queue
    );
    return row.step() && row.number(0) == 0;
}

}  // namespace

std::vector<added_row> add(session& with, const std::string& queue, const std::vector<job_snapshot>& jobs)
{
    const auto number = with.find_or_make_queue(queue);
    std::vector<std::shared_ptr<job_record>> stored;
    stored.reserve(jobs.size());
    for (const auto& job : jobs)
        stored.push_back(numbered(with, number, *job));
    std::vector<added_row> out;
    out.reserve(jobs.size());
    for (new_jobs left{stored}; !left.empty();) {
        const auto rows = next_rows(left);
        add_rows(with, number, rows, out);
        left = left.subspan(rows.size());
    }
    return out;
}

add_and_claim_answer add_and_claim(
    session& with, const std::string& queue, const job_snapshot& job, time_point now, const claim_order& order
)
{
    add_and_claim_answer answer{.added = std::move(add(with, queue, {job}).front())};
    answer.claimed = claim(with, with.find_or_make_queue(queue), order, now, answer.damaged);
    return answer;
}

settle_and_claim_answer settle_and_claim(session& with, const settle_and_claim_request& request)
{
    settle_and_claim_answer answer;
    const auto queue = with.find_queue(request.queue);
    bool any = false;
    for (const auto& one : request.settlements) {
        answer.settlements.push_back(settle(with, queue, one));
        any = any || answer.settlements.back() == settled::accepted;
    }
    if (!request.claim || !queue)
        return answer;
    for (auto& [key, id] : promote_due(with, *queue, request.now, most_promoted))
        answer.promoted.push_back(std::move(id));
    answer.claimed = claim(with, *queue, *request.claim, request.now, answer.damaged);
    if (answer.claimed.size() < request.claim->tokens.size())
        answer.next_due = next_due(with, *queue);
    answer.drained = any && answer.claimed.empty() && nothing_to_do(with, *queue);
    return answer;
}

std::vector<bool> extend_locks(session& with, time_point now, const std::vector<lock_extension>& locks)
{
    std::vector<bool> out;
    for (const auto& lock : locks) {
        const auto queue = with.find_queue(lock.queue);
        const auto key = key_of(with, queue, lock.job);
        out.push_back(
            with.sql().exec(
                "UPDATE cofila_jobs SET locked_until = ?3, lock_duration = ?4 WHERE key = ?1 AND queue = ?5 AND token "
                "= ?2 "
                "AND state = 2",
                key,
                lock.job.token,
                now + lock.duration,
                lock.duration,
                queue
            ) != 0
        );
    }
    return out;
}

}  // namespace cofila::sqlite
