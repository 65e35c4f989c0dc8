#include "memory/repository.hpp"

#include <cofila/error.hpp>
#include <cofila/memory.hpp>

#include <algorithm>
#include <limits>
#include <utility>

#include "domain/transitions.hpp"

namespace cofila {

namespace asio = boost::asio;

std::shared_ptr<job_repository> memory_repository() { return std::make_shared<memory::repository>(); }

namespace memory {

namespace {

bool holds_lock(const job_record& job, const std::string& token)
{
    return job.state == job_state::active && job.token == token;
}

/// May a write with this token touch the job? Without a token it touches a job that nobody has locked.
bool may_write(const stored_job* job, const std::string& token)
{
    if (!job)
        return false;
    return token.empty() ? job->record.state != job_state::active : holds_lock(job->record, token);
}

settled settle(stored_queue& queue, const settlement& end)
{
    const auto* job = queue.find(end.job);
    if (!job || end.job.token.empty() || job->record.token != end.job.token)
        return settled::lost;
    if (job->record.state != job_state::active)
        return settled::already;
    queue.carry_out(job->record.key, end.change);
    return settled::accepted;
}

std::vector<job_snapshot> claim(stored_queue& queue, const claim_order& order, time_point now)
{
    std::vector<job_snapshot> claimed;
    const auto& waiting = queue.jobs_in(job_state::waiting);
    for (const auto& token : order.tokens) {
        if (waiting.empty() || queue.paused)
            break;
        const auto key = waiting.begin()->second;
        queue.change(key, [&](stored_job& job) {
            domain::lock(job.record, token, order.worker, order.lock_duration, now);
        });
        claimed.push_back(snapshot(queue.at(key).record));
    }
    return claimed;
}

/// Null: the lock is not as it was seen.
job_snapshot rescue(stored_queue& queue, const rescue_order& order, time_point now)
{
    const auto* job = queue.find(order.key);
    if (!job || !holds_lock(job->record, order.token) || job->record.locked_until != order.locked_until)
        return {};
    // Its holder may come back: from here on it has lost the job, whatever the state.
    queue.change(order.key, [](stored_job& rescued) { rescued.record.token.clear(); });
    const auto change = domain::mark_as_stalled(job->record, now, order.jitter);
    auto after = job->record;
    domain::apply(after, change);
    queue.carry_out(order.key, change);
    return snapshot(after);
}

std::optional<time_point> earliest_due(const stored_queue& queue)
{
    const auto& delayed = queue.jobs_in(job_state::delayed);
    if (delayed.empty())
        return {};
    return queue.at(delayed.begin()->second).record.run_at;
}

bool nothing_left(const stored_queue& queue, time_point now)
{
    const auto due = earliest_due(queue);
    return queue.jobs_in(job_state::waiting).empty() && queue.jobs_in(job_state::active).empty() &&
           !(due && *due <= now);
}

}  // namespace

void repository::check_open() const
{
    if (closed_)
        throw error{errc::closed, "the repository has been closed"};
}

stored_queue& repository::open_queue(const std::string& name)
{
    check_open();
    return queues_[name];
}

asio::awaitable<std::vector<added_row>> repository::add(std::string queue, std::vector<job_snapshot> jobs)
{
    auto& to = open_queue(queue);
    std::vector<added_row> rows;
    for (const auto& job : jobs)
        rows.push_back(add_one(to, *job));
    co_return rows;
}

asio::awaitable<add_and_claim_answer> repository::add_and_claim(
    std::string queue, job_snapshot job, time_point now, claim_order order
)
{
    auto& to = open_queue(queue);
    auto row = add_one(to, *job);
    co_return add_and_claim_answer{.added = std::move(row), .claimed = claim(to, order, now)};
}

added_row repository::add_one(stored_queue& to, const job_record& job)
{
    if (const auto* existing = to.find(job.id))
        return {.job = snapshot(existing->record), .duplicate = true};
    auto stored = job;
    stored.key = ++last_key_;
    return {.job = snapshot(to.add(std::move(stored)))};
}

asio::awaitable<settle_and_claim_answer> repository::settle_and_claim(settle_and_claim_request request)
{
    auto& queue = open_queue(request.queue);
    settle_and_claim_answer answer;
    for (const auto& end : request.settlements)
        answer.settlements.push_back(settle(queue, end));
    if (request.claim) {
        answer.promoted = queue.promote_due(request.now, std::numeric_limits<std::size_t>::max());
        answer.claimed = claim(queue, *request.claim, request.now);
        if (answer.claimed.size() < request.claim->tokens.size())
            answer.next_due = earliest_due(queue);
        answer.drained = answer.claimed.empty() && std::ranges::count(answer.settlements, settled::accepted) > 0 &&
                         nothing_left(queue, request.now);
    }
    co_return answer;
}

asio::awaitable<std::vector<bool>> repository::extend_locks(time_point now, std::vector<lock_extension> locks)
{
    check_open();
    std::vector<bool> extended;
    for (const auto& lock : locks) {
        auto& queue = open_queue(lock.queue);
        const auto* job = queue.find(lock.job);
        extended.push_back(job && holds_lock(job->record, lock.job.token));
        if (extended.back())
            queue.change(job->record.key, [&](stored_job& held) {
                held.record.locked_until = now + lock.duration;
                held.record.lock_duration = lock.duration;
            });
    }
    co_return extended;
}

asio::awaitable<bool> repository::update_progress(std::string queue, job_ref job, std::string progress)
{
    auto& in = open_queue(queue);
    const auto* found = in.find(job);
    if (!may_write(found, job.token))
        co_return false;
    in.change(found->record.key, [&](stored_job& written) { written.record.progress = std::move(progress); });
    co_return true;
}

asio::awaitable<bool> repository::add_log(std::string queue, job_ref job, log_line line, int keep)
{
    auto& in = open_queue(queue);
    const auto* found = in.find(job);
    if (!may_write(found, job.token))
        co_return false;
    in.change(found->record.key, [&](stored_job& written) {
        written.logs.emplace(++written.last_log, std::move(line));
        while (written.logs.size() > static_cast<std::size_t>(keep))
            written.logs.erase(written.logs.begin());
    });
    co_return true;
}

asio::awaitable<bool> repository::set_paused(std::string queue, bool paused)
{
    co_return std::exchange(open_queue(queue).paused, paused) != paused;
}

asio::awaitable<change_answer> repository::remove(std::string queue, job_id id)
{
    auto& from = open_queue(queue);
    const auto* job = from.find(id);
    if (!job)
        co_return change_answer{};
    change_answer answer{.found = true, .was = job->record.state};
    answer.done = answer.was != job_state::active;
    if (answer.done)
        from.remove(job->record.key);
    co_return answer;
}

asio::awaitable<change_answer> repository::retry(std::string queue, job_id id, retry_options options)
{
    auto& in = open_queue(queue);
    const auto* job = in.find(id);
    if (!job)
        co_return change_answer{};
    change_answer answer{.found = true, .was = job->record.state};
    answer.done = is_finished(answer.was);
    if (answer.done)
        in.carry_out(job->record.key, domain::after_retry(job->record, options));
    answer.job = snapshot(job->record);
    co_return answer;
}

asio::awaitable<change_answer> repository::promote(std::string queue, job_id id)
{
    auto& in = open_queue(queue);
    const auto* job = in.find(id);
    if (!job)
        co_return change_answer{};
    change_answer answer{.found = true, .was = job->record.state};
    answer.done = answer.was == job_state::delayed;
    if (answer.done)
        in.carry_out(job->record.key, domain::after_promotion(job->record));
    answer.job = snapshot(job->record);
    co_return answer;
}

asio::awaitable<sweep_answer> repository::sweep(sweep_request request)
{
    check_open();
    const auto limit = static_cast<std::size_t>(request.limit);
    std::size_t removed = 0;
    sweep_answer answer;
    for (auto& [name, queue] : queues_) {
        for (auto& id : queue.promote_due(request.now, limit - answer.promoted.size()))
            answer.promoted.push_back({.queue = name, .id = std::move(id)});
        for (const auto& order : request.rescues)
            if (auto rescued = rescue(queue, order, request.now))
                answer.rescued.push_back({.queue = name, .job = std::move(rescued)});
        const auto over = queue.prunable(request.now, limit - removed);
        for (const auto key : over)
            queue.remove(key);
        if (!over.empty())
            answer.pruned.push_back({.queue = name, .count = over.size()});
        removed += over.size();
    }
    answer.more = answer.promoted.size() == limit || removed == limit;
    co_return answer;
}

asio::awaitable<void> repository::register_worker(worker_row worker)
{
    check_open();
    auto& kept = workers_[worker.id];
    kept = std::move(worker);
    co_return;
}

asio::awaitable<void> repository::forget_worker(std::string id)
{
    check_open();
    workers_.erase(id);
    co_return;
}

asio::awaitable<void> repository::close()
{
    closed_ = true;
    co_return;
}

}  // namespace memory

}  // namespace cofila
