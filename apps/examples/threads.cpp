// Four threads run one io_context: each may add jobs, processors run on all four, and the program needs no lock.
#include <cofila/cofila.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/io_context.hpp>

#include <atomic>
#include <exception>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

namespace asio = boost::asio;
using namespace asio::experimental::awaitable_operators;
using number_queue = cofila::queue<int, int>;

asio::awaitable<void> produce(number_queue numbers, int first)
{
    for (int i = first; i < first + 100; ++i)
        co_await numbers.add("square", i);
}

asio::awaitable<void> app(std::string database, std::atomic<long>& sum)
{
    auto engine = co_await cofila::engine::open({.database = database});  // on a strand of its own
    auto numbers = engine.queue<int, int>("numbers");
    const auto square = [&](cofila::job<int, int> job) -> asio::awaitable<int> {
        const int result = job.data() * job.data();  // on any of the threads
        sum += result;
        co_return result;
    };
    const auto threads = co_await asio::this_coro::executor;
    cofila::worker<int, int> worker{numbers, square, {.concurrency = 8, .executor = threads}};
    int left = 200;  // slots run on the engine's strand, one at a time
    numbers.events().completed.connect([&](const auto&) {
        if (--left == 0)
            worker.stop();
    });
    co_await (worker.run() && produce(numbers, 0) && produce(numbers, 100));
    co_await engine.close();
}

int main(int argc, char** argv)
{
    if (argc != 2)
        return 2;
    asio::io_context context{4};
    std::atomic<long> sum{0};
    bool failed = false;
    asio::co_spawn(context, app(argv[1], sum), [&](std::exception_ptr thrown) { failed = thrown != nullptr; });
    std::vector<std::jthread> crew;
    for (int i = 0; i < 4; ++i)
        crew.emplace_back([&] { context.run(); });
    crew.clear();  // joins them
    std::cout << sum << '\n';
    return !failed && sum == 2646700 ? 0 : 1;
}
