#include <boost/asio/this_coro.hpp>

#include <utility>

#include "domain/json_text.hpp"
#include "domain/transitions.hpp"
#include "domain/validation.hpp"
#include "queue/queue_core.hpp"

/// The producer's side of a queue and its listings, over JSON text.
namespace cofila::detail {

namespace asio = boost::asio;

namespace {

job_ptr make_handle(const queue_ptr& queue, job_snapshot job)
{
    auto progress = job->progress;
    return std::make_shared<job_handle>(
        job_handle{.queue = queue, .job = std::move(job), .progress = std::move(progress)}
    );
}

std::vector<job_draft> alone(job_draft job)
{
    std::vector<job_draft> jobs;
    jobs.push_back(std::move(job));
    return jobs;
}

add_outcome outcome_of(const queue_ptr& queue, added_row row)
{
    return {
        .job = make_handle(queue, std::move(row.job)),
        .duplicate = row.duplicate,
        .deduplicated_by = std::move(row.deduplicated_by)
    };
}

/// What an idle worker claims in the transaction of an add.
struct offered_claim {
    std::shared_ptr<consumer> worker;
    claim_order order;
};

std::optional<offered_claim> offered(const queue_core& queue, const job_record& job)
{
    if (job.state == job_state::waiting)
        for (auto* const worker : queue.workers())
            if (auto order = worker->offer_claim())
                return offered_claim{.worker = worker->shared_from_this(), .order = std::move(*order)};
    return {};
}

/// Stores the job; an idle worker claims in the same transaction.
asio::awaitable<add_outcome> store_and_take(queue_ptr queue, job_draft job, offered_claim offer)
{
    const auto asked = queue->ports->time->steady_now();
    add_answer answer;
    std::exception_ptr failed;
    try {
        answer = co_await queue->ports->repository->add_and_claim(
            std::move(job), queue->ports->time->wall_now(), std::move(offer.order)
        );
    } catch (...) {
        failed = std::current_exception();
    }
    if (failed) {
        offer.worker->take_offered({}, asked);
        std::rethrow_exception(failed);
    }
    announce(*queue, answer.news, answer.claimed);
    offer.worker->take_offered(&answer.claimed, asked);
    co_return outcome_of(queue, std::move(answer.rows.front()));
}

}  // namespace

asio::awaitable<add_outcome> add(queue_ptr queue, job_spec<std::string> spec)
{
    queue->check_open();
    auto job = queue->make_job(std::move(spec));
    if (auto offer = offered(*queue, *job))
        co_return co_await store_and_take(queue, std::move(job), std::move(*offer));
    auto answer = co_await queue->ports->repository->add(alone(std::move(job)));
    announce(*queue, answer.news);
    co_return outcome_of(queue, std::move(answer.rows.front()));
}

asio::awaitable<std::vector<added>> add_bulk(queue_ptr queue, std::vector<job_spec<std::string>> specs)
{
    queue->check_open();
    auto jobs = queue->make_jobs(std::move(specs));
    std::vector<added> out;
    if (jobs.empty())
        co_return out;
    const auto answer = co_await queue->ports->repository->add(std::move(jobs));
    announce(*queue, answer.news);
    out.reserve(answer.rows.size());
    for (const auto& row : answer.rows)
        out.push_back({.id = row.job->id, .duplicate = row.duplicate, .deduplicated_by = row.deduplicated_by});
    co_return out;
}

asio::awaitable<job_ptr> get_job(queue_ptr queue, job_id id)
{
    queue->check_open();
    auto found = co_await queue->ports->repository->get(queue->name, std::move(id));
    if (!found)
        co_return nullptr;
    co_return make_handle(queue, std::make_shared<const job_record>(std::move(*found)));
}

asio::awaitable<page<job_ptr>> get_jobs(queue_ptr queue, job_filter filter, page_request request)
{
    queue->check_open();
    domain::check(request);
    domain::check(filter);
    auto found = co_await queue->ports->repository->list(queue->name, std::move(filter), std::move(request));
    page<job_ptr> out{.next = std::move(found.next)};
    for (auto& job : found.items)
        out.items.push_back(make_handle(queue, std::move(job)));
    co_return out;
}

asio::awaitable<job_counts> get_job_counts(queue_ptr queue)
{
    queue->check_open();
    co_return co_await queue->ports->repository->counts(queue->name);
}

asio::awaitable<std::vector<std::size_t>> get_counts_per_priority(queue_ptr queue, std::vector<int> priorities)
{
    queue->check_open();
    if (priorities.size() > 1000)
        throw error{errc::invalid_argument, "priorities", "must be at most 1000"};
    co_return co_await queue->ports->repository->counts_by_priority(queue->name, std::move(priorities));
}

asio::awaitable<std::optional<std::size_t>> get_position(queue_ptr queue, job_id id)
{
    queue->check_open();
    co_return co_await queue->ports->repository->position(queue->name, std::move(id));
}

asio::awaitable<void> remove_cursor(queue_ptr queue, std::string name)
{
    queue->check_open();
    domain::check_name("name", name);
    co_await queue->ports->repository->set_event_cursor(queue->name, std::move(name), {});
}

asio::awaitable<queue_metrics> get_metrics(queue_ptr queue, metrics_range range)
{
    queue->check_open();
    co_return co_await queue->ports->repository->metrics(queue->name, queue->ports->time->wall_now(), range);
}

asio::awaitable<page<log_line>> get_job_logs(queue_ptr queue, job_id id, page_request request)
{
    queue->check_open();
    domain::check(request);
    co_return co_await queue->ports->repository->logs(queue->name, std::move(id), std::move(request));
}

asio::awaitable<void> close_workers(queue_ptr queue)
{
    while (!queue->workers().empty()) {
        std::vector<std::shared_ptr<consumer>> workers;
        for (auto* worker : queue->workers())
            workers.push_back(worker->shared_from_this());
        for (const auto& worker : workers)
            worker->stop({});  // all at once, so that their graces run side by side
        for (const auto& worker : workers)
            co_await worker->close({});
    }
}

asio::awaitable<void> close(queue_ptr queue)
{
    co_await close_workers(queue);
    queue->mark_closed();
    if (auto stop = std::exchange(queue->stop_maintenance, {}))
        stop();
}

void start_maintenance(const queue_ptr& queue)
{
    queue->check_open();
    const bool reached = loop_of(queue)->run([queue] {
        if (queue->start_maintenance)
            queue->start_maintenance();
    });
    if (!reached)
        throw loop_has_gone();
}

queue_events& events(const queue_ptr& queue) { return queue->hub->signals; }

const std::string& name(const queue_ptr& queue) { return queue->name; }
decoding how_to_decode(const queue_ptr& queue) { return queue->options().decoding; }

const loop_ptr& loop_of(const queue_ptr& queue) { return queue->ports->loop; }

}  // namespace cofila::detail
