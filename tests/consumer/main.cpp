#include <cofila/cofila.hpp>

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

}  // namespace

int main(int argc, char** argv) { return argc == 2 ? cofila::run_main(app(argv[1])) : 2; }
