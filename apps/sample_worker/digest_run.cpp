#include "digest_run.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <cerrno>
#include <chrono>
#include <system_error>
#include <utility>

namespace sample {

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t chunk = 500;       // files that are added together
constexpr std::size_t lookup_size = 32;  // jobs that are looked up together

asio::awaitable<walk_slice> next_slice(std::shared_ptr<walk> files) { co_return files->next(chunk); }

std::ofstream open_log(const std::string& file)
{
    std::ofstream log;
    if (file.empty())
        return log;
    log.open(file, std::ios::app);
    if (!log)
        throw std::system_error{errno, std::generic_category(), file};
    log.exceptions(std::ios::badbit | std::ios::failbit);
    return log;
}

}  // namespace

digest_run::digest_run(
    file_queue queue, file_worker& worker, const asio::any_io_executor& loop, const std::string& log_file
)
    : queue_{std::move(queue)},
      worker_{worker},
      look_{loop},
      log_{open_log(log_file)}
{
    listen();
}

void digest_run::listen()
{
    auto& queue = queue_.events();
    connections_.emplace_back(queue.completed.connect([this](const auto& event) { on_completed(event); }));
    connections_.emplace_back(queue.failed.connect([this](const cofila::failed_event& event) {
        tally_.failed(event.id, event.reason);
        look_if_done();
    }));
    connections_.emplace_back(queue.progress.connect([this](const cofila::progress_event& event) {
        tally_.progressed(event.id, event.progress.to_number<std::uint64_t>());
        display_.show(tally_.counts());
    }));
    connections_.emplace_back(queue.drained.connect([this](const cofila::drained_event&) { look_.cancel(); }));
    connections_.emplace_back(worker_.events().closing.connect([this](const cofila::closing_event&) {
        closing_ = true;
        look_.cancel();
    }));
}

void digest_run::on_completed(const cofila::completed_event& event)
{
    ++digested_here_;
    tally_.digested(event.id, cofila::decode<file_digest>(event.result));
    look_if_done();
    if (log_.is_open())
        log_ << event.id << '\n' << std::flush;  // at once: this process may be killed
}

void digest_run::look_if_done()
{
    display_.show(tally_.counts());
    if (done())
        look_.cancel();
}

asio::awaitable<void> digest_run::add_files(std::shared_ptr<walk> files, asio::any_io_executor walker)
{
    co_await asio::this_coro::throw_if_cancelled(false);  // ends by `closing_`
    while (!walked_ && !closing_) {
        auto found = co_await asio::co_spawn(walker, next_slice(files), asio::use_awaitable);
        const bool last = found.last;
        co_await add(std::move(found));
        walked_ = last;
    }
    look_.cancel();
}

asio::awaitable<void> digest_run::add(walk_slice found)
{
    for (auto& [path, reason] : found.unreadable)
        tally_.unreadable(std::move(path), std::move(reason));
    if (found.files.empty())
        co_return;
    std::vector<cofila::job_spec<file_job>> jobs;
    for (const auto& file : found.files) {
        jobs.push_back(job_for(file));
        tally_.expect(*jobs.back().options.id, file.path, file.stamp.size);
    }
    display_.show(tally_.counts());
    const auto added = co_await queue_.add_bulk(std::move(jobs));
    for (const auto& job : added) {
        if (job.duplicate)
            co_await take_up_again(job.id);
        tally_.added(job.id);
    }
}

/// For a job that an earlier run has left or another process has added. One that has failed gets another chance.
asio::awaitable<void> digest_run::take_up_again(cofila::job_id id)
{
    const auto job = co_await queue_.get_job(id);
    if (!job)
        co_return;
    if (job->state() != cofila::job_state::failed) {
        settle(*job);
        co_return;
    }
    try {
        co_await job->retry();
    } catch (const cofila::error& e) {
        if (e.code() != cofila::errc::wrong_state && e.code() != cofila::errc::not_found)
            throw;  // otherwise another process was quicker
    }
}

/// The run is over when each of its files has an outcome. Events report what this process does, which is nearly always
/// enough. But another process may work on the same database: what it finishes of our files causes no event here, and
/// what it adds does not concern us, so waiting for an empty queue would be wrong. Therefore the store is asked about
/// our oldest files without an outcome: when this process has emptied the queue, and once a second.
asio::awaitable<void> digest_run::stop_when_done()
{
    co_await asio::this_coro::throw_if_cancelled(false);  // ends by `closing_`
    while (!done() && !closing_) {
        look_.expires_after(1s);
        co_await look_.async_wait(asio::as_tuple(asio::use_awaitable));
        co_await catch_up();
    }
    worker_.stop();
}

/// Jobs are claimed in the order of their adding. So as long as none of the oldest has ended unnoticed, the others need
/// not be looked up; and when all have ended, this finds all of them.
asio::awaitable<void> digest_run::catch_up()
{
    for (bool news = true; news && !closing_;) {
        news = false;
        const auto oldest = tally_.oldest_pending(lookup_size);
        for (const auto& id : oldest) {
            const bool ended = co_await look_up(id);
            news = news || ended;
        }
    }
    display_.show(tally_.counts());
}

asio::awaitable<bool> digest_run::look_up(cofila::job_id id)
{
    const auto job = co_await queue_.get_job(id);
    if (job)
        co_return settle(*job);
    tally_.failed(id, "its job was removed");
    co_return true;
}

bool digest_run::settle(const running_job& job)
{
    if (job.state() == cofila::job_state::completed)
        tally_.digested(job.id(), *job.result());
    else if (job.state() == cofila::job_state::failed)
        tally_.failed(job.id(), job.failed_reason());
    return cofila::is_finished(job.state());
}

}  // namespace sample
