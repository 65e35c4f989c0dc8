#include "contract/store.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "domain/generated_id.hpp"
#include "domain/transitions.hpp"
#include "domain/validation.hpp"
#include "support/print.hpp"

namespace cofila::test {

namespace asio = boost::asio;

subject::subject(std::shared_ptr<job_repository> repository, std::string queue)
    : shared_{std::make_shared<shared_state>()},
      queue_{std::move(queue)}
{
    shared_->repository = std::move(repository);
}

subject subject::in(std::string queue) const
{
    auto other = *this;
    other.queue_ = std::move(queue);
    return other;
}

job_draft subject::make(std::string id, job_options options, std::string data) const
{
    auto resolved = std::make_shared<const job_options>(domain::resolve(options, queue_options{}));
    auto job = domain::new_job(std::move(id), "task", std::move(data), std::move(resolved), now());
    job.queue = queue_;
    return std::make_shared<job_record>(std::move(job));
}

job_draft subject::make_without_id(std::uint64_t random, job_options options, std::string data) const
{
    auto job = *make({}, std::move(options), std::move(data));
    job.random = domain::make_random_part(0, random);
    return std::make_shared<job_record>(std::move(job));
}

asio::awaitable<added_alone> subject::add(std::string id, job_options options, std::string data)
{
    std::vector<job_draft> jobs{make(std::move(id), std::move(options), std::move(data))};
    auto answer = co_await shared_->repository->add(std::move(jobs));
    REQUIRE(answer.rows.size() == 1);
    REQUIRE(answer.rows.front().job != nullptr);
    co_return added_alone{answer.rows.front(), std::move(answer.news)};
}

asio::awaitable<void> subject::add_each(std::vector<std::string> ids)
{
    for (auto& id : ids)
        (void)co_await add(std::move(id));
}

claim_order subject::order(int limit)
{
    claim_order out{.queue = queue_, .worker = worker_id, .lock_duration = lock_duration};
    for (int i = 0; i < limit; ++i)
        out.tokens.push_back({.high = 1, .low = ++shared_->tokens});
    return out;
}

asio::awaitable<add_answer> subject::add_and_claim(std::string id, job_options options, std::string data, int limit)
{
    auto job = make(std::move(id), std::move(options), std::move(data));
    auto answer = co_await shared_->repository->add_and_claim(std::move(job), now(), order(limit));
    REQUIRE(answer.rows.size() == 1);
    REQUIRE(answer.rows.front().job != nullptr);
    co_return answer;
}

asio::awaitable<settle_and_claim_answer> subject::settle_and_claim(std::vector<settlement> settlements, int limit)
{
    settle_and_claim_request request{.now = now(), .settlements = std::move(settlements), .claim = order(limit)};
    co_return co_await shared_->repository->settle_and_claim(std::move(request));
}

asio::awaitable<std::vector<job_snapshot>> subject::claim(int limit)
{
    auto answer = co_await settle_and_claim({}, limit);
    co_return std::move(answer.claimed);
}

asio::awaitable<job_snapshot> subject::claim_one()
{
    const auto claimed = co_await claim(1);
    REQUIRE(claimed.size() == 1);
    REQUIRE(claimed.front() != nullptr);
    co_return claimed.front();
}

asio::awaitable<job_snapshot> subject::add_active(std::string id, job_options options, std::string data)
{
    (void)co_await add(id, std::move(options), std::move(data));
    const auto job = co_await claim_one();
    REQUIRE(job->id.str() == id);
    co_return job;
}

asio::awaitable<void> subject::add_one_in_each_state()
{
    const auto completed = co_await add_active("completed");
    (void)co_await settle(this->completion(completed, "1"));
    const auto failed = co_await add_active("failed");
    (void)co_await settle(failing(failed));
    (void)co_await add_active("active");
    (void)co_await add("waiting");
    (void)co_await add("delayed", {.delay = seconds{60}});
}

settlement subject::completion(job_snapshot job, std::string result) const
{
    return {.job = claim_of(job), .change = domain::after_success(*job, std::move(result), now())};
}

settlement subject::failing(job_snapshot job, std::string message) const
{
    failure why{.message = std::move(message), .type = "std::runtime_error"};
    return {.job = claim_of(job), .change = domain::after_failure(*job, std::move(why), now(), 0)};
}

settlement subject::release(job_snapshot job) const
{
    return {.job = claim_of(job), .change = domain::after_release(*job)};
}

settlement subject::putting_off(job_snapshot job, deferral when) const
{
    return {.job = claim_of(job), .change = domain::after_deferral(*job, when, now())};
}

asio::awaitable<settled> subject::settle(settlement end)
{
    settle_and_claim_request request{.now = now()};
    request.settlements.push_back(std::move(end));
    const auto answer = co_await shared_->repository->settle_and_claim(std::move(request));
    REQUIRE(answer.settlements.size() == 1);
    CHECK(answer.claimed.empty());
    co_return answer.settlements.front();
}

asio::awaitable<sweep_answer> subject::sweep(int limit)
{
    sweep_request request{.now = now(), .limit = limit};
    co_return co_await shared_->repository->sweep(std::move(request));
}

asio::awaitable<bool> subject::rescue(job_snapshot job, double jitter)
{
    sweep_request request{.now = now()};
    request.rescues.push_back(
        {.key = job->key, .token = job->token, .locked_until = *job->locked_until, .jitter = jitter}
    );
    const auto answer = co_await shared_->repository->sweep(std::move(request));
    co_return of(answer.news, job_news::cause::stalled).size() == 1;
}

asio::awaitable<bool> subject::exists(std::string id)
{
    const auto job = co_await shared_->repository->get(queue_, std::move(id));
    co_return job.has_value();
}

asio::awaitable<job_record> subject::get(std::string id)
{
    auto job = co_await shared_->repository->get(queue_, id);
    REQUIRE_MESSAGE(job.has_value(), "there is no job ", id, " in queue ", queue_);
    co_return *std::move(job);
}

asio::awaitable<job_state> subject::state(std::string id)
{
    const auto job = co_await get(std::move(id));
    co_return job.state;
}

asio::awaitable<job_counts> subject::counts() { return shared_->repository->counts(queue_); }

asio::awaitable<std::vector<std::string>> subject::list(job_states state, int page_size, bool newest_first)
{
    std::vector<std::string> all;
    page_request request{.limit = page_size, .newest_first = newest_first};
    do {
        const auto page = co_await shared_->repository->list(queue_, job_filter{.state = state}, request);
        REQUIRE(page.items.size() <= static_cast<std::size_t>(page_size));
        REQUIRE_MESSAGE((page.next.empty() || !page.items.empty()), "an empty page that is not the last");
        std::ranges::copy(ids(page.items), std::back_inserter(all));
        request.after = page.next;
    } while (!request.after.empty());
    co_return all;
}

asio::awaitable<std::vector<std::string>> subject::find(job_filter filter, int page_size, bool newest_first)
{
    std::vector<std::string> all;
    page_request request{.limit = page_size, .newest_first = newest_first};
    do {
        const auto page = co_await shared_->repository->list(queue_, filter, request);
        REQUIRE(page.items.size() <= static_cast<std::size_t>(page_size));
        std::ranges::copy(ids(page.items), std::back_inserter(all));
        request.after = page.next;
    } while (!request.after.empty());
    co_return all;
}

asio::awaitable<std::vector<std::string>> subject::queues(int page_size, bool newest_first)
{
    std::vector<std::string> all;
    page_request request{.limit = page_size, .newest_first = newest_first};
    do {
        const auto page = co_await shared_->repository->queues(request);
        REQUIRE(page.items.size() <= static_cast<std::size_t>(page_size));
        for (const auto& one : page.items)
            all.push_back(one.name);
        request.after = page.next;
    } while (!request.after.empty());
    co_return all;
}

asio::awaitable<change_answer> subject::change(job_id id, job_change what)
{
    return shared_->repository->change(queue_, std::move(id), std::move(what), now());
}

asio::awaitable<std::vector<std::string>> subject::change_all(job_filter filter, job_change change, int page_size)
{
    std::vector<std::string> all;
    page_request request{.limit = page_size};
    do {
        const auto page = co_await shared_->repository->change_all(queue_, filter, request, change, now());
        REQUIRE(page.changed <= static_cast<std::size_t>(page_size));
        const auto changed = ids(of(page.news, domain::cause_in_bulk(change)));
        REQUIRE(changed.size() == page.changed);
        std::ranges::copy(changed, std::back_inserter(all));
        request.after = page.next;
    } while (!request.after.empty());
    co_return all;
}

asio::awaitable<std::vector<bool>> subject::extend(std::vector<lock_extension> locks)
{
    const auto answers = co_await shared_->repository->extend_locks(now(), std::move(locks));
    std::vector<bool> held;
    for (const auto& answer : answers)
        held.push_back(answer.held);
    co_return held;
}

asio::awaitable<std::vector<std::string>> subject::logs(std::string id)
{
    const auto page = co_await shared_->repository->logs(queue_, std::move(id), page_request{.limit = 1000});
    CHECK(page.next == "");
    std::vector<std::string> lines;
    for (const auto& line : page.items)
        lines.push_back(line.text);
    co_return lines;
}

}  // namespace cofila::test
