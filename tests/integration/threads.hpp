#pragma once
#include <cofila/cofila.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include <string>
#include <thread>
#include <vector>

/// What tests with several threads need.
namespace cofila::test {

namespace asio = boost::asio;

using number_queue = queue<int, int>;
using number_job = job<int, int>;
using number_worker = worker<int, int>;

inline asio::awaitable<int> echo(number_job job) { co_return job.data(); }

inline engine_options on(const std::string& path) { return {.database = path, .durability = durability::normal}; }

/// A context that a thread of its own runs while this lives.
class running_context {
public:
    explicit running_context(int hint) : context{hint} {}
    running_context(const running_context&) = delete;
    running_context& operator=(const running_context&) = delete;
    ~running_context()
    {
        context.stop();
        thread_.join();
    }

    asio::io_context context;

private:
    asio::executor_work_guard<asio::io_context::executor_type> work_{context.get_executor()};
    std::thread thread_{[this] { context.run(); }};
};

/// For a call that fails, pass `error_of(call)`: an exception that passed through the future would be released by two
/// threads.
template <class T>
auto get(const asio::any_io_executor& where, asio::awaitable<T> call)
{
    return asio::co_spawn(where, std::move(call), asio::use_future).get();
}

inline std::vector<job_spec<int>> numbers(int count)
{
    std::vector<job_spec<int>> out;
    for (int i = 0; i < count; ++i)
        out.push_back({.name = "job", .data = i});
    return out;
}

}  // namespace cofila::test
