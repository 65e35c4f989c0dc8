#include "digest.hpp"

#include <cofila/cofila.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/describe/class.hpp>

#include <fcntl.h>
#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <map>
#include <system_error>
#include <thread>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "display.hpp"
#include "file_name.hpp"
#include "hash.hpp"
#include "manifest.hpp"
#include "walk.hpp"

namespace sample {

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

struct file_job {
    std::string path;  // encoded
    std::uint64_t size = 0;
    std::int64_t modified = 0;
};
BOOST_DESCRIBE_STRUCT(file_job, (), (path, size, modified))

struct file_digest {
    std::uint64_t size = 0;
    std::string sha256;
};
BOOST_DESCRIBE_STRUCT(file_digest, (), (size, sha256))

using file_queue = cofila::queue<file_job, file_digest>;
using running_job = cofila::job<file_job, file_digest>;

constexpr std::size_t piece = 1 << 20;
constexpr std::uint64_t large = 64 << 20;  // files that tell how far they are
constexpr std::size_t chunk = 500;         // files that are added together

// --- one job -------------------------------------------------------------------------------------------------------

[[noreturn]] void fail(const std::string& what) { throw std::system_error{errno, std::generic_category(), what}; }

/// An open file, read from start to end.
class reader {
public:
    explicit reader(const std::string& path) : descriptor_{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)}
    {
        if (descriptor_ < 0)
            fail("open");
    }
    ~reader() { ::close(descriptor_); }
    reader(const reader&) = delete;
    reader& operator=(const reader&) = delete;

    /// Empty: the end.
    std::string_view next()
    {
        const auto count = ::read(descriptor_, buffer_.data(), buffer_.size());
        if (count < 0)
            fail("read");
        return {buffer_.data(), static_cast<std::size_t>(count)};
    }

    void check_unchanged(const file_job& expected) const
    {
        struct stat now{};
        if (::fstat(descriptor_, &now) != 0)
            fail("stat");
        const auto modified = std::int64_t{now.st_mtim.tv_sec} * 1'000'000'000 + now.st_mtim.tv_nsec;
        if (static_cast<std::uint64_t>(now.st_size) != expected.size || modified != expected.modified)
            throw std::runtime_error("changed since it was found");
    }

private:
    int descriptor_;
    std::string buffer_ = std::string(piece, '\0');
};

/// Runs on the thread pool, so it may compute and block. It is told of a shutdown through `cancelled`.
asio::awaitable<file_digest> digest_file(running_job job)
{
    const auto file = job.data();
    reader in{decode_name(file.path)};
    in.check_unchanged(file);
    sha256 hash;
    std::uint64_t size = 0;
    std::uint64_t told = 0;  // tenths
    for (auto bytes = in.next(); !bytes.empty(); bytes = in.next()) {
        hash.update(bytes);
        size += bytes.size();
        if (job.cancelled())
            throw boost::system::system_error{asio::error::operation_aborted};
        if (file.size >= large && size * 10 / file.size > told) {
            told = size * 10 / file.size;
            co_await job.update_progress(static_cast<int>(told * 10));
        }
    }
    in.check_unchanged(file);
    co_return file_digest{.size = size, .sha256 = hash.finish()};
}

// --- one run -------------------------------------------------------------------------------------------------------

/// The same file, unchanged, is the same job: however often it is added, it is digested once.
cofila::job_id id_of(const found_file& file)
{
    sha256 hash;
    hash.update(fmt::format("{}\n{}\n", file.size, file.modified));
    hash.update(file.path);
    return hash.finish();
}

cofila::job_options options_of(const found_file& file)
{
    return {
        .id = id_of(file),
        .attempts = 2,
        .backoff = cofila::backoff::fixed(200ms),
        .on_completed = cofila::retention::keep_all(),  // what is finished is remembered for the next run
        .on_failed = cofila::retention::keep_all(),
        .max_stalled_count = 1000,  // a crash of this program says nothing about the file
    };
}

/// What the coroutines of one run share. All of them run on one thread.
struct run_state {
    file_queue queue;
    cofila::worker<file_job, file_digest>& worker;
    asio::steady_timer look;                                  // cancelled to make the watcher look at once
    std::unordered_map<cofila::job_id, std::string> files{};  // of this run: id to path
    std::vector<walk::unreadable> skipped{};
    std::uint64_t duplicates = 0;
    bool all_added = false;
    bool closing = false;
    std::unordered_set<cofila::job_id> shown{};  // as done, by the display
    display progress{};

    /// A job may be finished before its file is found: left over from an earlier run. It counts once.
    void show_done(const cofila::job_id& id, std::uint64_t bytes)
    {
        if (shown.insert(id).second)
            progress.done(bytes);
    }
};

/// A job of an earlier run: what has failed then gets another chance.
asio::awaitable<void> take_up_again(run_state& state, cofila::job_id id)
{
    ++state.duplicates;
    const auto job = co_await state.queue.get_job(id);
    if (!job)
        co_return;
    if (job->state() == cofila::job_state::failed)
        co_await job->retry();
    if (job->state() == cofila::job_state::completed)
        state.show_done(id, job->data().size);
}

asio::awaitable<void> add_files(run_state& state, std::vector<std::string> paths)
{
    walk files{std::move(paths)};
    for (auto found = files.next(chunk); !found.empty() && !state.closing; found = files.next(chunk)) {
        std::vector<cofila::job_spec<file_job>> specs;
        std::uint64_t bytes = 0;
        for (const auto& file : found) {
            bytes += file.size;
            specs.push_back(
                {.name = "digest",
                 .data = {.path = encode_name(file.path), .size = file.size, .modified = file.modified},
                 .options = options_of(file)}
            );
        }
        state.progress.found(found.size(), bytes);
        const auto added = co_await state.queue.add_bulk(std::move(specs));
        for (std::size_t i = 0; i < added.size(); ++i) {
            state.files[added[i].id] = found[i].path;
            if (added[i].duplicate)
                co_await take_up_again(state, added[i].id);
        }
    }
    state.skipped = files.skipped();
    state.all_added = true;
    state.look.cancel();
}

asio::awaitable<bool> nothing_left(file_queue queue)
{
    const auto counts = co_await queue.get_job_counts();
    co_return counts.waiting + counts.delayed + counts.active == 0;
}

/// Ends the run when the queue is empty, whoever emptied it: another process may work on the same file, and of what it
/// finishes this one gets no event. So the count decides; events say when to look, and a second at the latest.
asio::awaitable<void> stop_when_done(run_state& state)
{
    while (!state.closing) {
        if (state.all_added) {
            const bool done = co_await nothing_left(state.queue);
            if (done)
                break;
        }
        state.look.expires_after(1s);
        co_await state.look.async_wait(asio::as_tuple(asio::use_awaitable));
    }
    state.worker.stop();
}

// --- its result ----------------------------------------------------------------------------------------------------

struct outcome {
    std::vector<manifest_line> digested{};
    std::map<std::string, std::string> failed{};  // path to reason
    std::uint64_t bytes = 0;
};

/// Reads the jobs back, but those of this run only: the store remembers files that have changed or gone since, too.
asio::awaitable<outcome> read_outcome(run_state& state)
{
    outcome out;
    for (const auto& [path, reason] : state.skipped)
        out.failed[path] = reason;
    for (const auto finished : {cofila::job_state::completed, cofila::job_state::failed}) {
        cofila::page_request request{.limit = 1000};
        do {
            auto page = co_await state.queue.get_jobs({.state = finished}, request);
            for (const auto& job : page.items) {
                const auto file = state.files.find(job.id());
                if (file == state.files.end())
                    continue;
                if (finished == cofila::job_state::failed) {
                    out.failed[file->second] = job.failed_reason();
                    continue;
                }
                const auto digest = *job.result();
                out.bytes += digest.size;
                out.digested.push_back({.path = file->second, .sha256 = digest.sha256});
            }
            request.after = std::move(page.next);
        } while (!request.after.empty());
    }
    co_return out;
}

int report(const run_state& state, const digest_options& options, outcome result, double seconds)
{
    fmt::print(
        "{} files, {} bytes, {} of them known from before; {:.1f} s, {:.0f} files/s\n",
        result.digested.size(),
        result.bytes,
        state.duplicates,
        seconds,
        static_cast<double>(result.digested.size()) / seconds
    );
    for (const auto& [path, reason] : result.failed)
        fmt::print("failed: {}: {}\n", encode_name(path), reason);
    const auto finished = result.digested.size() + result.failed.size();
    const auto all = state.files.size() + state.skipped.size();
    if (!state.all_added || finished < all) {
        fmt::print(
            "interrupted: {} files remain; the same command goes on. No manifest was written.\n", all - finished
        );
        return 3;
    }
    const bool complete = result.failed.empty();
    if (!options.manifest.empty())
        write_manifest(options.manifest, std::move(result.digested));
    return complete ? 0 : 1;
}

void listen(run_state& state, std::ofstream& log)
{
    auto& queue = state.queue.events();
    queue.completed.connect([&](const cofila::completed_event& e) {
        state.show_done(e.id, cofila::decode<file_digest>(e.result).size);
        if (log.is_open())
            log << e.id << std::endl;  // at once: this process may be killed
    });
    queue.failed.connect([&](const cofila::failed_event&) { state.progress.failed(); });
    queue.drained.connect([&](const cofila::drained_event&) { state.look.cancel(); });
    queue.error.connect([](const cofila::error_event& e) { spdlog::error("{}", e.text); });
    state.worker.events().closing.connect([&](const cofila::closing_event&) {
        state.closing = true;
        state.look.cancel();
    });
}

cofila::logger to_spdlog()
{
    return {.level = cofila::log_level::warning, .sink = [](cofila::log_level level, std::string_view line) {
                spdlog::log(level == cofila::log_level::error ? spdlog::level::err : spdlog::level::warn, "{}", line);
            }};
}

}  // namespace

asio::awaitable<int> digest(digest_options options)
{
    using namespace asio::experimental::awaitable_operators;
    const auto start = std::chrono::steady_clock::now();
    asio::thread_pool pool{std::max(1u, std::thread::hardware_concurrency())};
    auto engine = co_await cofila::engine::open({.database = options.database, .logger = to_spdlog()});
    auto queue = engine.queue<file_job, file_digest>("digest");
    cofila::worker<file_job, file_digest> worker{
        queue, digest_file, {.concurrency = options.concurrency, .name = "digest", .executor = pool.get_executor()}
    };
    cofila::stop_on_signal guard{worker};
    std::ofstream log;
    if (!options.log_digests.empty())
        log.open(options.log_digests, std::ios::app);
    run_state state{.queue = queue, .worker = worker, .look = asio::steady_timer{co_await asio::this_coro::executor}};
    listen(state, log);

    co_await (add_files(state, options.paths) && worker.run() && stop_when_done(state));

    state.progress.end();
    auto result = co_await read_outcome(state);
    co_await engine.close();
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    co_return report(state, options, std::move(result), seconds.count());
}

}  // namespace sample
