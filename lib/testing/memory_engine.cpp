#include <cofila/memory.hpp>
#include <cofila/testing.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <exception>
#include <utility>

namespace cofila::testing {

namespace asio = boost::asio;

void run(asio::awaitable<void> test)
{
    asio::io_context loop{1};
    std::exception_ptr thrown;
    asio::co_spawn(loop, std::move(test), [&](std::exception_ptr error) { thrown = std::move(error); });
    loop.run();
    if (thrown)
        std::rethrow_exception(thrown);
}

asio::awaitable<memory_engine> open_memory_engine(engine_options options)
{
    memory_engine out{.clock = std::make_shared<manual_clock>()};
    options.clock = out.clock;
    options.database.clear();
    options.repository = memory_repository();
    out.engine = co_await engine::open(std::move(options));
    co_return out;
}

}  // namespace cofila::testing
