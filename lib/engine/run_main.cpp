#include <cofila/run_main.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <cstdio>
#include <exception>
#include <utility>

#include "domain/text.hpp"
#include "runtime/describe_exception.hpp"

namespace cofila {

namespace asio = boost::asio;

namespace {

asio::awaitable<int> then_zero(asio::awaitable<void> app)
{
    co_await std::move(app);
    co_return 0;
}

int reported(std::exception_ptr error)
{
    const auto what = describe_exception(std::move(error));
    std::fprintf(stderr, "error: %s\n", domain::printable_text(what.message).c_str());
    return 1;
}

}  // namespace

int run_main(asio::awaitable<int> app)
{
    try {
        asio::io_context loop{1};
        int code = 0;
        asio::co_spawn(loop, std::move(app), [&](std::exception_ptr error, int returned) {
            code = error ? reported(std::move(error)) : returned;
        });
        loop.run();
        return code;
    } catch (...) {
        return reported(std::current_exception());
    }
}

int run_main(asio::awaitable<void> app) { return run_main(then_zero(std::move(app))); }

}  // namespace cofila
