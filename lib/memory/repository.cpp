#include "memory/repository.hpp"

#include <cofila/error.hpp>
#include <cofila/memory.hpp>

#include <algorithm>
#include <limits>
#include <utility>

#include "domain/dedup.hpp"
#include "domain/generated_id.hpp"
#include "domain/limits.hpp"
#include "domain/overloaded.hpp"
#include "domain/transitions.hpp"
#include "memory/claiming.hpp"

namespace cofila {

namespace asio = boost::asio;

std::shared_ptr<job_repository> memory_repository() { return std::make_shared<memory::repository>(); }

namespace memory {

using cause = job_news::cause;

namespace {

/// Whether a write with this token may touch the job; with an empty token, only one that is not locked.
bool may_write(const stored_job* job, const std::string& token)
{
    if (!job)
        return false;
    return token.empty() ? job->record.state != job_state::active : holds_lock(job->record, token);
}

fenced_write stored_in(const stored_job& job) { return {.stored = true, .cancelled = job.record.cancelled}; }

/// Returns null if the job has ended in another way or runs.
job_snapshot completed_by(const stored_job* job, const std::string& token)
{
    if (!job || token.empty() || job->record.token != token || job->record.state != job_state::completed)
        return {};
    return snapshot(job->record);
}

bool has_moved(settled verdict) { return verdict == settled::accepted || verdict == settled::cancelled; }

void end_completed(stored_queue& queue, const job_record& job, time_point now, news_list& news)
{
    const auto entry = news.size();
    news.push_back({.why = cause::completed, .job = snapshot(job), .was = job_state::active});
    if (job.options->on_completed->remove)
        news[entry].gone = queue.remove_finished(job.key, now, news);
}

settled settle(stored_queue& queue, const settlement& end, time_point now, news_list& news)
{
    const auto* job = queue.find(end.job);
    const auto verdict = domain::verdict(job ? &job->record : nullptr, end.job.token, end.change);
    if (verdict == settled::accepted)
        queue.carry_out(job->record.key, end.change, news);
    else if (verdict == settled::cancelled)
        queue.carry_out(job->record.key, domain::unless_cancelled(job->record, end.change, now), cause::unfit, news);
    else if (job && domain::was_completed_elsewhere(job->record, end.job.token, end.change))
        end_completed(queue, job->record, now, news);
    return verdict;
}

void replace(stored_queue& queue, const stored_job* job, news_list& news)
{
    if (!job)
        return;
    news.push_back({.why = cause::replaced, .job = snapshot(job->record), .was = job->record.state, .gone = true});
    queue.remove(job->record.key, news);
}

/// Does nothing if the lock is not as it was seen.
void rescue(stored_queue& queue, const rescue_order& order, time_point now, news_list& news)
{
    const auto* job = queue.find(order.key);
    if (!job || !holds_lock(job->record, order.token) || job->record.locked_until != order.locked_until)
        return;
    // Its holder may come back: from now on it has lost the job, whatever its state.
    queue.change(order.key, [](stored_job& rescued) { rescued.record.token.clear(); });
    queue.carry_out(order.key, domain::mark_as_stalled(job->record, now, order.jitter), cause::stalled, news);
}

/// Lets the job alone if it was started in time.
void expire(stored_queue& queue, std::int64_t key, time_point now, news_list& news)
{
    const auto& job = queue.at(key).record;
    if (domain::has_expired(job, now))
        queue.carry_out(key, domain::after_expiry(job, now), cause::unfit, news);
    else
        queue.change(key, [](stored_job& started) { started.record.expires_at.reset(); });
}

void prune(stored_queue& queue, std::int64_t key, news_list& news)
{
    const auto& job = queue.at(key).record;
    news.push_back({.why = cause::cleaned, .job = snapshot(job), .was = job.state, .gone = true});
    queue.remove(key, news);
}

bool nothing_left(const stored_queue& queue, time_point now)
{
    const auto due = first_due(queue);
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

asio::awaitable<add_answer> repository::add(std::vector<job_snapshot> jobs)
{
    check_open();
    add_answer answer;
    for (const auto& job : jobs)
        answer.rows.push_back(add_one(*job, answer.news));
    co_return answer;
}

asio::awaitable<add_answer> repository::add_and_claim(job_snapshot job, time_point now, claim_order order)
{
    check_open();
    add_answer answer;
    answer.rows.push_back(add_one(*job, answer.news));
    answer.claimed = claim(open_queue(order.queue), order, now, answer.news).claimed;
    co_return answer;
}

added_row repository::add_one(const job_record& job, news_list& news)
{
    auto& to = open_queue(job.queue);
    if (const auto* existing = to.find(job.id)) {
        auto there = snapshot(existing->record);
        news.push_back({.why = cause::duplicated, .job = there, .was = there->state});
        return {.job = std::move(there), .duplicate = true};
    }
    auto stored = job;
    domain::assign_key(stored, ++last_key_);
    if (job.options->dedup)
        return add_owner(to, std::move(stored), news);
    added_row row{.job = snapshot(to.add(std::move(stored)))};
    news.push_back({.why = cause::added, .job = row.job});
    return row;
}

added_row repository::add_owner(stored_queue& to, job_record job, news_list& news)
{
    const auto* owner = to.owner_of(job.options->dedup->id);
    const auto plan = domain::deduplicate(owner ? &owner->record : nullptr, job);
    const auto key = owner ? owner->record.key : 0;
    added_row row;
    if (plan.extend_owner)
        to.change(key, [&](stored_job& held) { held.record.dedup_until = job.dedup_until; });
    if (plan.release_owner)
        to.let_go(key);
    if (plan.remove_kept)
        replace(to, to.kept_for(key), news);
    if (plan.keep)
        domain::keep_for(job, key);
    if (plan.remove_owner)
        replace(to, owner, news);
    if (plan.defers_to_owner()) {
        row.deduplicated_by = owner->record.id;
        auto& told = news.emplace_back(job_news{.why = cause::deduplicated, .job = snapshot(owner->record)});
        told.was = owner->record.state;
        if (plan.keep)
            told.kept = job.id;
    }
    row.job = snapshot(plan.add ? to.add(std::move(job)) : owner->record);
    if (plan.add)
        news.push_back({.why = cause::added, .job = row.job});
    return row;
}

asio::awaitable<settle_and_claim_answer> repository::settle_and_claim(settle_and_claim_request request)
{
    check_open();
    settle_and_claim_answer answer;
    auto& news = answer.news;
    for (const auto& end : request.settlements)
        answer.settlements.push_back(settle(open_queue(end.job.queue), end, request.now, news));
    if (!request.claim)
        co_return answer;
    const auto completed = [](const job_news& one) { return one.why == cause::completed; };
    const bool ended = std::ranges::any_of(answer.settlements, has_moved) || std::ranges::any_of(news, completed);
    auto& queue = open_queue(request.claim->queue);
    queue.promote_due(request.now, std::numeric_limits<std::size_t>::max(), news);
    auto got = claim(queue, *request.claim, request.now, news);
    answer.claimed = std::move(got.claimed);
    answer.limited = got.limited;
    if (answer.claimed.size() < request.claim->tokens.size())
        answer.next_due = next_claim(queue, got.again, request.now);
    answer.drained = answer.claimed.empty() && ended && nothing_left(queue, request.now);
    co_return answer;
}

asio::awaitable<std::vector<renewal>> repository::extend_locks(time_point now, std::vector<lock_extension> locks)
{
    check_open();
    std::vector<renewal> answers;
    for (const auto& lock : locks) {
        auto& queue = open_queue(lock.job.queue);
        const auto* job = queue.find(lock.job);
        if (!job || !holds_lock(job->record, lock.job.token)) {
            answers.push_back({.completed = completed_by(job, lock.job.token)});
            continue;
        }
        queue.change(job->record.key, [&](stored_job& held) {
            held.record.locked_until = std::max(now + lock.duration, *held.record.locked_until + milliseconds{1});
            held.record.lock_duration = lock.duration;
        });
        answers.push_back({.held = true, .cancelled = job->record.cancelled});
    }
    co_return answers;
}

asio::awaitable<fenced_write> repository::update_progress(job_ref job, std::string progress)
{
    auto& in = open_queue(job.queue);
    const auto* found = in.find(job);
    if (!may_write(found, job.token))
        co_return fenced_write{};
    in.change(found->record.key, [&](stored_job& written) { written.record.progress = std::move(progress); });
    co_return stored_in(*found);
}

asio::awaitable<fenced_write> repository::update_data(job_ref job, std::string data)
{
    auto& in = open_queue(job.queue);
    const auto* found = in.find(job);
    if (!may_write(found, job.token))
        co_return fenced_write{};
    in.change(found->record.key, [&](stored_job& written) { written.record.data = std::move(data); });
    co_return stored_in(*found);
}

asio::awaitable<fenced_write> repository::add_log(job_ref job, log_line line, int keep)
{
    auto& in = open_queue(job.queue);
    const auto* found = in.find(job);
    if (!may_write(found, job.token))
        co_return fenced_write{};
    in.change(found->record.key, [&](stored_job& written) {
        written.logs.emplace(++written.last_log, std::move(line));
        while (written.logs.size() > static_cast<std::size_t>(keep))
            written.logs.erase(written.logs.begin());
    });
    co_return stored_in(*found);
}

asio::awaitable<bool> repository::set_paused(std::string queue, bool paused)
{
    co_return std::exchange(open_queue(queue).settings.paused, paused) != paused;
}

asio::awaitable<void> repository::set(std::string queue, queue_setting setting)
{
    auto& in = open_queue(queue);
    domain::apply(in.settings, setting);
    const domain::overloaded keep{
        [](const global_concurrency&) {},
        [](const global_rate&) {},
        [](const group_options&) {},
        [&](const event_log& log) { in.watched.keep_events(log.events); },
        [&](const metrics_log& log) { in.watched.keep_minutes(log.minutes); },
    };
    std::visit(keep, setting);
    co_return;
}

asio::awaitable<change_answer> repository::change(std::string queue, job_id id, job_change change, time_point now)
{
    auto& in = open_queue(queue);
    const auto* job = in.find(id);
    if (!job)
        co_return change_answer{};
    change_answer answer{.was = job->record.state};
    const auto key = job->record.key;
    if (const auto next = domain::after_change(job->record, change, now))
        in.carry_out(key, *next, domain::cause_of(change), answer.news);
    if (const auto* left = in.find(key))
        answer.job = snapshot(left->record);
    co_return answer;
}

asio::awaitable<changed_page> repository::change_all(
    std::string queue, job_filter filter, page_request request, job_change change, time_point now
)
{
    auto jobs = co_await list(queue, std::move(filter), std::move(request));
    changed_page out{.next = std::move(jobs.next)};
    auto& in = open_queue(queue);
    for (const auto& job : jobs.items) {
        const auto* held = in.find(job->key);  // as the changes before this one have left it
        if (const auto next = held ? domain::after_change(held->record, change, now) : std::nullopt) {
            in.carry_out(job->key, *next, domain::cause_in_bulk(change), out.news);
            ++out.changed;
        }
    }
    co_return out;
}

asio::awaitable<void> repository::reset_queue(std::string queue)
{
    auto& in = open_queue(queue);
    if (in.ids().empty())
        queues_.erase(queue);
    else
        in.forget_all_but_jobs();
    co_return;
}

asio::awaitable<sweep_answer> repository::sweep(sweep_request request)
{
    check_open();
    const auto limit = static_cast<std::size_t>(request.limit);
    std::size_t promoted = 0;
    std::size_t overdue = 0;
    std::size_t removed = 0;
    sweep_answer answer;
    auto& news = answer.news;
    for (auto& [name, queue] : queues_) {
        promoted += queue.promote_due(request.now, limit - promoted, news);
        for (const auto& order : request.rescues)
            rescue(queue, order, request.now, news);
        const auto late = queue.overdue(request.now, limit - overdue);
        for (const auto key : late)
            expire(queue, key, request.now, news);
        overdue += late.size();
        const auto over = queue.prunable(request.now, limit - removed);
        for (const auto key : over)
            prune(queue, key, news);
        removed += over.size();
        queue.forget_groups();
    }
    answer.more = promoted == limit || overdue == limit || removed == limit;
    co_return answer;
}

asio::awaitable<void> repository::set_event_cursor(std::string queue, std::string name, std::optional<std::uint64_t> at)
{
    open_queue(queue).watched.set_cursor(name, at);
    co_return;
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
