#include "sqlite/repository.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "sqlite/database_thread.hpp"
#include "sqlite/jobs.hpp"
#include "sqlite/queries.hpp"
#include "sqlite/rows.hpp"

namespace cofila::sqlite {

namespace asio = boost::asio;
namespace fs = std::filesystem;
using kind = operation::kind;

namespace {

/// Where the system cannot tell of writes, the file is asked this often.
constexpr milliseconds slow_poll{250};
/// After a write was seen its commit shows when the writer has synced: asked for at growing intervals.
constexpr int most_reads = 20;
constexpr std::chrono::microseconds first_read{100};
constexpr milliseconds last_read{50};

asio::awaitable<void> discard(asio::awaitable<bool> task) { co_await std::move(task); }

}  // namespace

repository::repository(parts with) : with_{std::move(with)}
{
    const fs::path path = fs::absolute(with_.path);
    watch_ = make_commit_watch(with_.executor, path.parent_path().string(), path.filename().string() + "-wal");
}

asio::awaitable<void> repository::ready(std::shared_ptr<repository> self)
{
    self->seen_version_ = co_await self->data_version();
    struct stat file{};
    if (::stat(self->with_.path.c_str(), &file) == 0) {
        self->device_ = file.st_dev;
        self->inode_ = file.st_ino;
    }
}

asio::awaitable<std::vector<added_row>> repository::add(std::string queue, std::vector<job_snapshot> jobs)
{
    const bool one_statement = jobs.size() == 1 && jobs.front()->data.size() <= longest_inline;
    return perform(
        with_.writer,
        one_statement ? kind::single : kind::several,
        [queue = std::move(queue), jobs = std::move(jobs)](session& with) { return sqlite::add(with, queue, jobs); }
    );
}

asio::awaitable<settle_and_claim_answer> repository::settle_and_claim(settle_and_claim_request request)
{
    return perform(with_.writer, kind::several, [request = std::move(request)](session& with) {
        return sqlite::settle_and_claim(with, request);
    });
}

asio::awaitable<std::vector<bool>> repository::extend_locks(time_point now, std::vector<lock_extension> locks)
{
    return perform(with_.writer, kind::renewal, [now, locks = std::move(locks)](session& with) {
        return sqlite::extend_locks(with, now, locks);
    });
}

asio::awaitable<bool> repository::update_progress(std::string queue, job_ref job, std::string progress)
{
    return perform(
        with_.writer,
        kind::single,
        [queue = std::move(queue), job = std::move(job), progress = std::move(progress)](session& with) {
            return sqlite::update_progress(with, queue, job, progress);
        }
    );
}

asio::awaitable<bool> repository::add_log(std::string queue, job_ref job, log_line line, int keep)
{
    return perform(
        with_.writer,
        kind::several,
        [queue = std::move(queue), job = std::move(job), line = std::move(line), keep](session& with) {
            return sqlite::add_log(with, queue, job, line, keep);
        }
    );
}

asio::awaitable<bool> repository::set_paused(std::string queue, bool paused)
{
    return perform(with_.writer, kind::several, [queue = std::move(queue), paused](session& with) {
        return sqlite::set_paused(with, queue, paused);
    });
}

asio::awaitable<change_answer> repository::remove(std::string queue, job_id id)
{
    return perform(with_.writer, kind::several, [queue = std::move(queue), id = std::move(id)](session& with) {
        return sqlite::remove(with, queue, id);
    });
}

asio::awaitable<change_answer> repository::retry(std::string queue, job_id id, retry_options options)
{
    return perform(with_.writer, kind::several, [queue = std::move(queue), id = std::move(id), options](session& with) {
        return sqlite::retry(with, queue, id, options);
    });
}

asio::awaitable<change_answer> repository::promote(std::string queue, job_id id)
{
    return perform(with_.writer, kind::several, [queue = std::move(queue), id = std::move(id)](session& with) {
        return sqlite::promote(with, queue, id);
    });
}

asio::awaitable<sweep_answer> repository::sweep(sweep_request request)
{
    return perform(with_.writer, kind::several, [request = std::move(request)](session& with) {
        return sqlite::sweep(with, request);
    });
}

asio::awaitable<void> repository::register_worker(worker_row worker)
{
    return discard(perform(with_.writer, kind::single, [worker = std::move(worker)](session& with) {
        return sqlite::register_worker(with, worker);
    }));
}

asio::awaitable<void> repository::forget_worker(std::string id)
{
    return discard(perform(with_.writer, kind::single, [id = std::move(id)](session& with) {
        return sqlite::forget_worker(with, id);
    }));
}

asio::awaitable<std::vector<lock_row>> repository::locks()
{
    return perform(with_.reader, kind::observe, [](session& with) { return sqlite::locks(with); });
}

asio::awaitable<std::optional<job_record>> repository::get(std::string queue, job_id id)
{
    return perform(with_.reader, kind::observe, [queue = std::move(queue), id = std::move(id)](session& with) {
        return sqlite::get(with, queue, id);
    });
}

asio::awaitable<page<job_snapshot>> repository::list(std::string queue, job_filter filter, page_request request)
{
    return perform(
        with_.reader,
        kind::observe,
        [queue = std::move(queue), filter, request = std::move(request)](session& with) {
            return sqlite::list(with, queue, filter, request);
        }
    );
}

asio::awaitable<job_counts> repository::counts(std::string queue)
{
    return perform(with_.reader, kind::observe, [queue = std::move(queue)](session& with) {
        return sqlite::counts(with, queue);
    });
}

asio::awaitable<page<log_line>> repository::logs(std::string queue, job_id id, page_request request)
{
    return perform(
        with_.reader,
        kind::observe,
        [queue = std::move(queue), id = std::move(id), request = std::move(request)](session& with) {
            return sqlite::logs(with, queue, id, request);
        }
    );
}

asio::awaitable<bool> repository::is_paused(std::string queue)
{
    return perform(with_.reader, kind::observe, [queue = std::move(queue)](session& with) {
        return sqlite::is_paused(with, queue);
    });
}

asio::awaitable<storage_status> repository::tend()
{
    co_await perform(with_.writer, kind::shorten_log, [](session&) { return true; });
    co_return look_at_files();
}

/// By name only: a descriptor of the file that this process closed would take SQLite's locks with it.
storage_status repository::look_at_files() const
{
    storage_status out;
    struct stat file{};
    const bool there = ::stat(with_.path.c_str(), &file) == 0;
    out.replaced = !there || file.st_dev != device_ || file.st_ino != inode_;
    out.bytes = there ? static_cast<std::uint64_t>(file.st_size) : 0;
    if (::stat((with_.path + "-wal").c_str(), &file) == 0)
        out.log_bytes = static_cast<std::uint64_t>(file.st_size);
    return out;
}

asio::awaitable<std::int64_t> repository::data_version()
{
    return perform(with_.writer, kind::observe, [](session& with) {
        auto row = with.sql().query("PRAGMA data_version");
        return row.step() ? row.number(0) : 0;
    });
}

asio::awaitable<void> repository::changed_elsewhere()
{
    for (;;) {
        // First, so that what happened between two calls is not missed.
        if (const bool changed = co_await version_changes(); changed)
            co_return;
        if (!watch_) {
            co_await with_.clock->sleep_until(with_.clock->steady_now() + slow_poll);
            continue;
        }
        co_await watch_->written();
        auto pause = std::chrono::steady_clock::duration{first_read};
        for (int reads = 1; reads < most_reads; ++reads) {
            if (const bool changed = co_await version_changes(); changed)
                co_return;
            co_await with_.clock->sleep_until(with_.clock->steady_now() + pause);
            pause = std::min<std::chrono::steady_clock::duration>(pause * 2, last_read);
        }
    }
}

/// Our own commits never change it.
asio::awaitable<bool> repository::version_changes()
{
    const auto now = co_await data_version();
    co_return std::exchange(seen_version_, now) != now;
}

asio::awaitable<void> repository::close()
{
    // What was submitted before is done when this is, so that the threads have nothing left to finish below.
    try {
        co_await perform(with_.writer, kind::observe, [](session&) { return true; });
        co_await perform(with_.reader, kind::observe, [](session&) { return true; });
    } catch (const error&) {  // closed before, or a file that fails: it is let go all the same
    }
    with_.writer->stop();
    with_.reader->stop();
    watch_.reset();
}

asio::awaitable<std::shared_ptr<job_repository>> open_repository(options chosen)
{
    connection_options writing{
        .path = chosen.path,
        .durability = chosen.durability,
        .operation_deadline = chosen.operation_deadline,
        .clock = chosen.clock,
    };
    auto reading = writing;
    reading.read_only = true;
    auto& context = chosen.executor.context();
    auto writer = std::make_shared<database_thread>(context, chosen.clock, [writing, embed = chosen.embed] {
        return std::make_unique<writing_runner>(writing, embed);
    });
    auto reader = std::make_shared<database_thread>(context, chosen.clock, [reading] {
        return std::make_unique<reading_runner>(reading);
    });
    auto opened = std::make_shared<repository>(repository::parts{
        .path = chosen.path,
        .writer = std::move(writer),
        .reader = std::move(reader),
        .clock = chosen.clock,
        .executor = chosen.executor,
    });
    co_await repository::ready(opened);
    co_return opened;
}

}  // namespace cofila::sqlite
