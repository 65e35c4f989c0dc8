#include "sqlite/repository.hpp"

#include <sqlite3.h>

#include <atomic>
#include <exception>
#include <filesystem>
#include <utility>

#include "sqlite/file_place.hpp"
#include "sqlite/reader.hpp"
#include "sqlite/version_note.hpp"
#include "sqlite/writer.hpp"
#include "store/database_thread.hpp"

namespace cofila::sqlite {

namespace asio = boost::asio;
using kind = store::operation::kind;

namespace {

asio::awaitable<storage_status> tend_file(std::shared_ptr<store::database_port> writer, store_file file)
{
    std::exception_ptr failed;
    try {
        co_await perform(std::move(writer), kind::tidy, [](store::tables& db) { session::of(db).keep_reserve(); });
    } catch (const error&) {
        failed = std::current_exception();
    }
    auto status = file.look();
    if (failed && !status.lost)  // otherwise the replacement is the cause, and is what to report
        std::rethrow_exception(failed);
    co_return status;
}

asio::awaitable<void> close_all(std::shared_ptr<change_watch> changes, asio::awaitable<void> ports)
{
    changes->close();
    co_await std::move(ports);
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

std::shared_ptr<store::database_port> start_thread(const options& chosen, const loop_ptr& loop, bool read_only)
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
    store::database_thread::options running{
        .loop = loop,
        .clock = chosen.clock,
        .spin = chosen.spin,
        .lends = chosen.spin.count() > 0 && chosen.durability == durability::normal && !read_only,
        .hurry = hurry,
    };
    return store::database_thread::start(std::move(running), [connecting, embed = chosen.embed] {
        return make_runner(connecting, embed);
    });
}

}  // namespace

std::unique_ptr<store::batch_runner> make_runner(const connection_options& options, bool embed)
{
    if (options.read_only)
        return std::make_unique<store::reading_runner>(std::make_unique<reader>(options));
    return std::make_unique<store::writing_runner>(std::make_unique<writer>(options, embed), options.clock);
}

asio::awaitable<storage_status> repository::tend() { return tend_file(with_.writer, file_); }

asio::awaitable<change_news> repository::changed_elsewhere(std::function<change_interest()> wanted, milliseconds pause)
{
    return pause > milliseconds{} ? change_watch::wait_in_no_hurry(changes_, std::move(wanted), pause)
                                  : change_watch::wait(changes_, std::move(wanted));
}

asio::awaitable<void> repository::close() { return close_all(changes_, close_ports(with_)); }

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
