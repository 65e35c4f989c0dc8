#include "memory/repository.hpp"

#include <cofila/error.hpp>
#include <cofila/memory.hpp>

#include <utility>
#include <variant>

#include "domain/limits.hpp"
#include "domain/overloaded.hpp"
#include "domain/transitions.hpp"

namespace cofila {

namespace asio = boost::asio;

std::shared_ptr<job_repository> memory_repository() { return std::make_shared<memory::repository>(); }

namespace memory {

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
        [&](const event_log& log) {
            if (log.events)
                in.watched.number_log(logs_);
            in.watched.keep_events(log.events);
        },
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
