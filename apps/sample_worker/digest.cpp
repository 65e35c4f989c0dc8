#include "digest.hpp"

#include <cofila/engine.hpp>
#include <cofila/stop_on_signal.hpp>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/multiple_exceptions.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>

#include <algorithm>
#include <chrono>
#include <exception>
#include <filesystem>
#include <memory>
#include <thread>
#include <utility>

#include "digest_run.hpp"
#include "file_job.hpp"
#include "logging.hpp"
#include "manifest.hpp"
#include "report.hpp"
#include "walk.hpp"

namespace sample {

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

/// The program's own files, which are left out. They change while they are digested, and closing any descriptor of the
/// database would drop SQLite's locks on it. The files beside the database have its resolved name, even if it is opened
/// through a link.
std::vector<std::string> own_files(const digest_options& options)
{
    const auto database = std::filesystem::weakly_canonical(options.database).string();
    std::vector<std::string> files{database};
    for (const auto* beside : {"-wal", "-shm", "-journal", "-reserve"})
        files.push_back(database + beside);
    if (!options.manifest.empty()) {
        files.push_back(options.manifest);
        files.push_back(unfinished_manifest(options.manifest));
    }
    if (!options.log_digests.empty())
        files.push_back(options.log_digests);
    return files;
}

cofila::worker_options worker_options_of(const digest_options& options, asio::any_io_executor executor)
{
    return {
        .concurrency = options.concurrency,  // more than threads: while some are hashed, others are claimed and stored
        .lock_duration = 30s,
        .grace = 5s,
        .name = "digest",
        .executor = std::move(executor)
    };
}

}  // namespace

asio::awaitable<int> digest(digest_options options)
{
    using namespace asio::experimental::awaitable_operators;
    using clock = std::chrono::steady_clock;
    const auto start = clock::now();
    asio::thread_pool hashers{std::max(1u, std::thread::hardware_concurrency())};  // first: it outlives the worker
    asio::thread_pool walker{1};
    auto engine = co_await cofila::engine::open({.database = options.database, .logger = to_spdlog()});
    auto queue = engine.queue<file_job, file_digest>("digest");
    file_worker worker{queue, digest_file, worker_options_of(options, hashers.get_executor())};
    digest_run run{queue, worker, co_await asio::this_coro::executor, options.log_digests};
    const auto files = std::make_shared<walk>(options.paths, own_files(options));

    std::exception_ptr problem;
    try {
        cofila::stop_on_signal guard{worker};
        // If one fails, the others are cancelled; all have ended before this continues.
        co_await (run.add_files(files, walker.get_executor()) && worker.run() && run.stop_when_done());
    } catch (const asio::multiple_exceptions& several) {
        problem = several.first_exception();
    } catch (...) {
        problem = std::current_exception();
    }
    run.end_display();
    co_await engine.close();
    if (problem)
        std::rethrow_exception(problem);
    co_return report(options, run, std::chrono::duration<double>(clock::now() - start).count());
}

}  // namespace sample
