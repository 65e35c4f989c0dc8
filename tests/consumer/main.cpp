#include <cofila/cofila.hpp>
#include <cofila/testing.hpp>

#include <boost/asio/awaitable.hpp>

#include <iostream>
#include <string>
#include <utility>

namespace {

boost::asio::awaitable<void> app(std::string database)
{
    auto engine = co_await cofila::engine::open({.database = std::move(database)});
    auto greetings = engine.queue("greetings");
    const auto job = co_await greetings.add("welcome", "ada@example.org");
    std::cout << "added " << job.id() << '\n';
    co_await engine.close();
}

boost::asio::awaitable<void> greet(cofila::job<std::string, void> job)
{
    std::cout << "hello " << job.data() << '\n';
    co_return;
}

boost::asio::awaitable<void> test()
{
    auto with = co_await cofila::testing::open_memory_engine();
    auto greetings = with.engine.queue<std::string, void>("greetings");
    co_await greetings.add("welcome", "ada@example.org");
    co_await cofila::testing::run_all(greetings, greet);
    co_await cofila::testing::expect_job(greetings, "welcome", "ada@example.org");
    co_await with.engine.close();
}

}  // namespace

int main(int argc, char** argv)
{
    cofila::testing::run(test());
    return argc == 2 ? cofila::run_main(app(argv[1])) : 2;
}
