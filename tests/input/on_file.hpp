#pragma once
#include <cofila/engine.hpp>

#include <boost/asio/awaitable.hpp>

#include <exception>
#include <functional>
#include <string>
#include <utility>

#include "support/error_of.hpp"
#include "support/run_coro.hpp"
#include "support/temp_folder.hpp"

namespace cofila::test {

using file_body = std::function<boost::asio::awaitable<void>(engine&)>;

/// What one engine on a file does; throws what `body` throws, when the engine has been closed.
inline boost::asio::awaitable<void> use_file(engine_options options, file_body body)
{
    auto opened = co_await engine::open(std::move(options));
    std::exception_ptr thrown;
    try {
        co_await body(opened);
    } catch (...) {
        thrown = std::current_exception();
    }
    co_await opened.close();
    if (thrown)
        std::rethrow_exception(thrown);
}

/// Not synced, since nobody pulls the plug; and swept by nobody but the test.
inline engine_options on_file(std::string path)
{
    return {.database = std::move(path), .durability = durability::normal, .maintenance = std::nullopt};
}

/// A new engine on a new file.
inline void run_on_file(file_body body)
{
    const temp_folder folder;
    run_coro([&]() -> boost::asio::awaitable<void> { return use_file(on_file(folder.file("jobs.db")), body); });
}

}  // namespace cofila::test
