#include <cofila/detail/on_loop.hpp>
#include <cofila/engine.hpp>

#include <boost/asio/this_coro.hpp>

#include <utility>

#include "domain/ranges.hpp"
#include "engine/engine_core.hpp"
#include "sqlite/repository.hpp"

namespace cofila::detail {

namespace asio = boost::asio;

namespace {

void check(const engine_options& options)
{
    using domain::require;
    require(options.repository || !options.database.empty(), "database", "must name a file");
    require(!options.repository || options.database.empty(), "database", "must be empty where a repository is given");
    require(options.operation_deadline > milliseconds{}, "operation_deadline", "must be more than 0");
    require(options.spin.count() >= 0 && options.spin.count() <= 1000, "spin", "must be between 0 and 1000 us");
    require(
        !options.maintenance || options.maintenance->interval > milliseconds{},
        "maintenance.interval",
        "must be more than 0"
    );
}

asio::awaitable<std::shared_ptr<job_repository>> open_store(engine_options options, asio::any_io_executor executor)
{
    if (options.repository)
        co_return options.repository;
    sqlite::options store{
        .path = std::move(options.database),
        .durability = options.durability,
        .operation_deadline = options.operation_deadline,
        .embed = options.embed,
        .spin = options.spin,
        .clock = options.clock,
        .executor = std::move(executor),
        .seed = options.random->next(),
        .log = options.logger,
    };
    co_return co_await sqlite::open_repository(std::move(store));
}

asio::awaitable<engine_ptr> open_on(loop_ptr loop, engine_options options)
{
    auto repository = co_await open_store(options, loop->executor());
    auto ports = std::shared_ptr<runtime>{new runtime{
        .loop = loop,
        .repository = std::move(repository),
        .time = options.clock,
        .random = options.random,
        .processes = system_process_table(),
        .log = options.logger,
    }};
    auto engine = std::make_shared<engine_core>(std::move(ports));
    engine->start(options.maintenance);
    co_return engine;
}

asio::awaitable<void> close_here(engine_ptr engine) { co_await engine->close(); }

asio::awaitable<page<queue_info>> queues_here(engine_ptr engine, page_request request)
{
    co_return co_await engine->queues(std::move(request));
}

}  // namespace

asio::awaitable<engine_ptr> open_engine(engine_options options)
{
    check(options);
    if (!options.clock)
        options.clock = system_clock();
    if (!options.random)
        options.random = system_random();
    const auto loop = event_loop::alone_on(co_await asio::this_coro::executor);
    co_return co_await on_loop(loop, open_on(loop, std::move(options)));
}

asio::awaitable<void> close(engine_ptr engine)
{
    if (engine)
        co_await on_loop(engine->loop(), close_here(engine));
}

void abandon(const engine_ptr& engine) noexcept
{
    if (engine)
        engine->loop()->run([engine] { engine->abandon(); });
}

queue_ptr open_queue(const engine_ptr& engine, std::string name, std::optional<queue_options> options)
{
    return engine->open_queue(std::move(name), std::move(options));
}

queue_ptr look_at(const engine_ptr& engine, std::string name) { return engine->look_at(std::move(name)); }

asio::awaitable<page<queue_info>> queues(engine_ptr engine, page_request request)
{
    return on_loop(engine->loop(), queues_here(engine, std::move(request)));
}

}  // namespace cofila::detail
