#include <cofila/detail/on_loop.hpp>
#include <cofila/engine.hpp>

#include <boost/asio/this_coro.hpp>

#include <utility>

#include "engine/engine_core.hpp"
#include "engine/open_store.hpp"

namespace cofila::detail {

namespace asio = boost::asio;

namespace {

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
        options.clock = clock_for(options);
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
