#include "postgres/repository.hpp"

#include <atomic>
#include <utility>

#include "postgres/address.hpp"
#include "postgres/own_parameters.hpp"
#include "postgres/reader.hpp"
#include "postgres/server_clock.hpp"
#include "postgres/writer.hpp"
#include "store/batch.hpp"
#include "store/database_thread.hpp"

namespace cofila::postgres {

namespace asio = boost::asio;
using kind = store::operation::kind;

namespace {

/// Notices a connection that has broken, and makes it anew.
void ask_server(store::tables& db)
{
    auto& link = session::of(db).link();
    if (const auto& clock = link.options().adjusts)
        clock->measure(link);
    else
        link.run("SELECT 1");
}

asio::awaitable<storage_status> tend_store(std::shared_ptr<store::database_port> writer)
{
    co_await perform(std::move(writer), kind::tidy, ask_server);
    co_return storage_status{};
}

asio::awaitable<void> close_all(std::shared_ptr<change_watch> changes, asio::awaitable<void> ports)
{
    changes->close();
    co_await std::move(ports);
}

std::shared_ptr<store::database_port> start_thread(
    const options& chosen,
    const loop_ptr& loop,
    const std::shared_ptr<mailbox>& mail,
    std::shared_ptr<std::atomic<bool>> prepares,
    bool read_only
)
{
    const auto hurry = std::make_shared<std::atomic<bool>>(false);
    link_options linking{
        .target = chosen.target,
        .schema = chosen.schema,
        .durability = chosen.durability,
        .operation_deadline = chosen.operation_deadline,
        .clock = chosen.clock,
        .adjusts = read_only ? nullptr : chosen.adjusts,
        .prepares = std::move(prepares),
        .hurry = hurry,
        .log = chosen.log,
        .read_only = read_only,
        .listens = read_only,
        .migrate = chosen.migrate,
    };
    store::database_thread::options running{
        .loop = loop,
        .clock = chosen.clock,
        .spin = chosen.spin,
        .hurry = hurry,
    };
    return store::database_thread::start(
        std::move(running),
        [linking, mail, most = chosen.batch]() -> std::unique_ptr<store::batch_runner> {
            if (linking.read_only)
                return std::make_unique<store::reading_runner>(std::make_unique<reader>(linking, mail));
            return std::make_unique<store::writing_runner>(
                std::make_unique<writer>(linking, mail), linking.clock, most
            );
        }
    );
}

repository::place place_of(store::tables& db)
{
    auto& tx = session::of(db);
    auto row = tx.sql().query("SELECT value FROM @meta WHERE key = 'installed_by'");
    return {
        .name = tx.link().name(),
        .schema = tx.link().schema(),
        .installed_by = row.step() ? row.text(0) : std::string{},
    };
}

}  // namespace

asio::awaitable<storage_status> repository::tend() { return tend_store(with_.writer); }

asio::awaitable<change_news> repository::changed_elsewhere(std::function<change_interest()> wanted, milliseconds pause)
{
    return change_watch::wait(changes_, std::move(wanted), pause);
}

asio::awaitable<void> repository::close() { return close_all(changes_, close_ports(with_)); }

asio::awaitable<std::shared_ptr<job_repository>> open_repository(options chosen)
{
    const auto own = take_own_parameters(chosen.target);
    chosen.target = own.target;
    check_target(chosen.target);
    check_schema_name(chosen.schema);
    const auto prepares = std::make_shared<std::atomic<bool>>(own.prepare);
    const auto loop = event_loop::at(chosen.executor);
    const auto mail = std::make_shared<mailbox>();
    const auto writer = start_thread(chosen, loop, mail, prepares, false);
    auto place = co_await perform(writer, kind::observe, place_of);  // by now the schema is there
    const auto reader = start_thread(chosen, loop, mail, prepares, true);
    const auto changes = std::make_shared<change_watch>(
        change_watch::parts{.loop = loop, .reader = reader, .clock = chosen.clock, .mail = mail, .listens = prepares}
    );
    mail->tell = [loop, weak = std::weak_ptr{changes}] {
        loop->post([weak] {
            if (const auto watch = weak.lock())
                watch->wake();
        });
    };
    co_await change_watch::start(changes);
    co_return std::make_shared<repository>(
        repository::parts{.writer = writer, .reader = reader, .changes = changes, .place = std::move(place)}
    );
}

}  // namespace cofila::postgres
