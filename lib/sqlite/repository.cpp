#include "sqlite/repository.hpp"

#include <sqlite3.h>

#include <atomic>
#include <exception>
#include <filesystem>
#include <utility>

#include "sqlite/database_thread.hpp"
#include "sqlite/file_place.hpp"
#include "sqlite/observation.hpp"
#include "sqlite/queries.hpp"
#include "sqlite/rows.hpp"
#include "sqlite/schema.hpp"
#include "sqlite/version_note.hpp"
#include "sqlite/workers.hpp"
#include "sqlite/works.hpp"
#include "store/changing.hpp"
#include "store/reading.hpp"
#include "store/writing.hpp"

namespace cofila::sqlite {

namespace asio = boost::asio;
using kind = operation::kind;

namespace {

asio::awaitable<void> discard(asio::awaitable<bool> task) { co_await std::move(task); }

asio::awaitable<storage_status> tend_file(std::shared_ptr<database_port> writer, store_file file)
{
    std::exception_ptr failed;
    try {
        co_await perform(std::move(writer), kind::shorten_log, [](session& with) { return with.keep_reserve(); });
    } catch (const error&) {
        failed = std::current_exception();
    }
    const auto status = file.look();
    if (failed && !status.replaced)  // otherwise the replacement is the cause, and is what to report
        std::rethrow_exception(failed);
    co_return status;
}

/// The threads are joined here, on the loop: everything submitted has run and the log is copied before, so that this is
/// quick.
asio::awaitable<void> close_all(repository::parts with)
{
    with.changes->close();
    try {
        co_await perform(with.reader, kind::observe, [](session&) { return true; });
        co_await perform(with.writer, kind::shorten_log, [](session&) { return true; });
    } catch (const error&) {  // already closed, or the file fails: it is let go all the same
    }
    // In this order: the last connection to close removes the log, which a read-only one cannot.
    with.reader->stop();
    with.writer->stop();
}

/// Reports what does not prevent using the file but may matter one day.
void report_oddities(const options& chosen)
{
    if (const auto note = version_note(sqlite3_libversion_number()))
        chosen.log(log_level::info, *note);
    std::error_code unknown;
    if (std::filesystem::hard_link_count(chosen.path, unknown) > 1 && !unknown)
        chosen.log(
            log_level::warning,
            "'" + chosen.path + "' has another name too (a hard link): opened by both names at once it is damaged"
        );
}

std::shared_ptr<database_port> start_thread(const options& chosen, const loop_ptr& loop, bool read_only)
{
    const auto hurry = std::make_shared<std::atomic<bool>>(false);
    connection_options connecting{
        .path = chosen.path,
        .durability = chosen.durability,
        .operation_deadline = chosen.operation_deadline,
        .clock = chosen.clock,
        .read_only = read_only,
        .reserve = static_cast<std::uint64_t>(longest_log),
        .hurry = hurry,
        .seed = chosen.seed,
    };
    database_thread::options running{.loop = loop, .clock = chosen.clock, .spin = chosen.spin, .hurry = hurry};
    const auto make = [connecting, embed = chosen.embed]() -> std::unique_ptr<batch_runner> {
        if (connecting.read_only)
            return std::make_unique<reading_runner>(connecting);
        return std::make_unique<writing_runner>(connecting, embed);
    };
    return database_thread::start(std::move(running), make);
}

}  // namespace

asio::awaitable<add_answer> repository::add(std::vector<job_snapshot> jobs)
{
    if (jobs.size() == 1 && plain_add::is_plain(*jobs.front()))
        return perform(with_.writer, kind::write, plain_add{.job = std::move(jobs.front())});
    return perform(with_.writer, kind::write, [jobs = std::move(jobs)](session& with) {
        return store::add(with, jobs);
    });
}

asio::awaitable<add_answer> repository::add_and_claim(job_snapshot job, time_point now, claim_order order)
{
    return perform(with_.writer, kind::write, [job = std::move(job), now, order = std::move(order)](session& with) {
        return store::add_and_claim(with, job, with.now(now), order);
    });
}

asio::awaitable<settle_and_claim_answer> repository::settle_and_claim(settle_and_claim_request request)
{
    return perform(with_.writer, kind::write, settling{std::move(request)});
}

asio::awaitable<std::vector<renewal>> repository::extend_locks(time_point now, std::vector<lock_extension> locks)
{
    return perform(with_.writer, kind::renewal, [now, locks = std::move(locks)](session& with) {
        return store::extend_locks(with, with.now(now), locks);
    });
}

asio::awaitable<std::vector<std::optional<std::string>>> repository::cancellations(std::vector<job_ref> locks)
{
    return perform(with_.reader, kind::observe, [locks = std::move(locks)](session& with) {
        return store::cancellations(with, locks);
    });
}

asio::awaitable<fenced_write> repository::update_progress(job_ref job, std::string progress)
{
    return perform(with_.writer, kind::write, [job = std::move(job), progress = std::move(progress)](session& with) {
        return store::update_progress(with, job, progress);
    });
}

asio::awaitable<fenced_write> repository::update_data(job_ref job, std::string data)
{
    return perform(with_.writer, kind::write, [job = std::move(job), data = std::move(data)](session& with) {
        return store::update_data(with, job, data);
    });
}

asio::awaitable<fenced_write> repository::add_log(job_ref job, log_line line, int keep)
{
    return perform(with_.writer, kind::write, [job = std::move(job), line = std::move(line), keep](session& with) {
        return store::add_log(with, job, line, keep);
    });
}

asio::awaitable<void> repository::set(std::string queue, queue_setting setting)
{
    return discard(perform(with_.writer, kind::write, [queue = std::move(queue), setting](session& with) {
        store::set(with, queue, setting);
        return true;
    }));
}

asio::awaitable<queue_settings> repository::settings(std::string queue)
{
    return perform(with_.reader, kind::observe, [queue = std::move(queue)](session& with) {
        return store::settings(with, queue);
    });
}

asio::awaitable<bool> repository::set_paused(std::string queue, bool paused)
{
    return perform(with_.writer, kind::write, [queue = std::move(queue), paused](session& with) {
        return store::set_paused(with, queue, paused);
    });
}

asio::awaitable<change_answer> repository::change(std::string queue, job_id id, job_change what, time_point now)
{
    return perform(
        with_.writer,
        kind::write,
        [queue = std::move(queue), id = std::move(id), what = std::move(what), now](session& with) {
            return store::change(with, queue, id, what, with.now(now));
        }
    );
}

asio::awaitable<changed_page> repository::change_all(
    std::string queue, job_filter filter, page_request request, job_change what, time_point now
)
{
    return perform(
        with_.writer,
        kind::write,
        [queue = std::move(queue),
         filter = std::move(filter),
         request = std::move(request),
         what = std::move(what),
         now](session& with) { return store::change_all(with, queue, filter, request, what, with.now(now)); }
    );
}

asio::awaitable<void> repository::reset_queue(std::string queue)
{
    return discard(perform(with_.writer, kind::write, [queue = std::move(queue)](session& with) {
        store::reset_queue(with, queue);
        return true;
    }));
}

asio::awaitable<sweep_answer> repository::sweep(sweep_request request)
{
    return perform(with_.writer, kind::write, sweeping{std::move(request)});
}

asio::awaitable<void> repository::register_worker(worker_row worker)
{
    return discard(perform(with_.writer, kind::write, [worker = std::move(worker)](session& with) {
        return sqlite::register_worker(with, worker);
    }));
}

asio::awaitable<void> repository::forget_worker(std::string id)
{
    return discard(perform(with_.writer, kind::write, [id = std::move(id)](session& with) {
        return sqlite::forget_worker(with, id);
    }));
}

asio::awaitable<std::vector<lock_row>> repository::locks()
{
    return perform(with_.reader, kind::observe, [](session& with) { return sqlite::locks(with); });
}

asio::awaitable<std::vector<worker_row>> repository::workers()
{
    return perform(with_.reader, kind::observe, [](session& with) { return sqlite::workers(with); });
}

asio::awaitable<std::optional<job_record>> repository::get(std::string queue, job_id id)
{
    return perform(with_.reader, kind::observe, [queue = std::move(queue), id = std::move(id)](session& with) {
        return store::get(with, queue, id);
    });
}

asio::awaitable<page<job_snapshot>> repository::list(std::string queue, job_filter filter, page_request request)
{
    return perform(
        with_.reader,
        kind::observe,
        [queue = std::move(queue), filter = std::move(filter), request = std::move(request)](session& with) {
            return store::list(with, queue, filter, request);
        }
    );
}

asio::awaitable<job_counts> repository::counts(std::string queue)
{
    return perform(with_.reader, kind::observe, [queue = std::move(queue)](session& with) {
        return store::counts(with, queue);
    });
}

asio::awaitable<std::vector<std::size_t>> repository::counts_by_priority(std::string queue, std::vector<int> priorities)
{
    return perform(
        with_.reader,
        kind::observe,
        [queue = std::move(queue), priorities = std::move(priorities)](session& with) {
            return store::counts_by_priority(with, queue, priorities);
        }
    );
}

asio::awaitable<std::optional<std::size_t>> repository::position(std::string queue, job_id id)
{
    return perform(with_.reader, kind::observe, [queue = std::move(queue), id = std::move(id)](session& with) {
        return store::position(with, queue, id);
    });
}

asio::awaitable<std::optional<job_situation>> repository::situation(std::string queue, job_id id, time_point now)
{
    return perform(with_.reader, kind::observe, [queue = std::move(queue), id = std::move(id), now](session& with) {
        return store::situation(with, queue, id, now);
    });
}

asio::awaitable<page<queue_info>> repository::queues(page_request request)
{
    return perform(with_.reader, kind::observe, [request = std::move(request)](session& with) {
        return sqlite::queues(with, request);
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

asio::awaitable<event_log_state> repository::event_log_of(std::string queue, std::string cursor)
{
    return perform(with_.reader, kind::observe, [queue = std::move(queue), cursor = std::move(cursor)](session& with) {
        return sqlite::event_log_of(with, queue, cursor);
    });
}

asio::awaitable<std::vector<logged_event>> repository::events_after(std::string queue, std::uint64_t after, int limit)
{
    return perform(with_.reader, kind::observe, [queue = std::move(queue), after, limit](session& with) {
        return sqlite::events_after(with, queue, after, limit);
    });
}

asio::awaitable<void> repository::set_event_cursor(
    std::string queue, std::string name, std::optional<std::uint64_t> place
)
{
    return discard(perform(
        with_.writer,
        kind::write,
        [queue = std::move(queue), name = std::move(name), place](session& with) {
            return sqlite::set_event_cursor(with, queue, name, place);
        }
    ));
}

asio::awaitable<queue_metrics> repository::metrics(std::string queue, time_point now, metrics_range of)
{
    return perform(with_.reader, kind::observe, [queue = std::move(queue), now, of](session& with) {
        return sqlite::metrics(with, queue, now, of);
    });
}

asio::awaitable<storage_status> repository::tend() { return tend_file(with_.writer, with_.file); }

asio::awaitable<change_news> repository::changed_elsewhere(std::function<change_interest()> wanted, milliseconds pause)
{
    return pause > milliseconds{} ? change_watch::wait_in_no_hurry(with_.changes, std::move(wanted), pause)
                                  : change_watch::wait(with_.changes, std::move(wanted));
}

asio::awaitable<void> repository::close() { return close_all(with_); }

asio::awaitable<std::shared_ptr<job_repository>> open_repository(options chosen)
{
    chosen.path = resolved_path(chosen.path);
    const auto loop = event_loop::at(chosen.executor);
    const auto writer = start_thread(chosen, loop, false);
    const auto changes = std::make_shared<change_watch>(
        change_watch::parts{.path = chosen.path, .writer = writer, .clock = chosen.clock, .seed = chosen.seed}
    );
    co_await change_watch::start(changes);  // by now the writer has opened the file
    report_oddities(chosen);
    co_return std::make_shared<repository>(repository::parts{
        .writer = writer,
        .reader = start_thread(chosen, loop, true),
        .changes = changes,
        .file = store_file{chosen.path},
    });
}

}  // namespace cofila::sqlite
