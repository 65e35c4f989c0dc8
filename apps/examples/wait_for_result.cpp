// One coroutine works, another one waits for the results of its jobs. They could as well be two processes.
#include <cofila/cofila.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/describe/class.hpp>

#include <chrono>
#include <iostream>
#include <string>

namespace asio = boost::asio;
using namespace std::chrono_literals;
using namespace asio::experimental::awaitable_operators;

struct division {
    int dividend = 0;
    int divisor = 0;
};
BOOST_DESCRIBE_STRUCT(division, (), (dividend, divisor))

asio::awaitable<int> divide(cofila::job<division, int> job)
{
    const auto what = job.data();
    if (what.divisor == 0)
        throw cofila::unrecoverable_error{"nothing can be divided by 0"};
    co_return what.dividend / what.divisor;
}

asio::awaitable<std::string> outcome_of(cofila::job<division, int> job, cofila::milliseconds at_most)
{
    try {
        co_return std::to_string(co_await job.wait_until_finished(at_most));
    } catch (const cofila::error& e) {
        co_return e.code() == cofila::errc::timed_out ? "not finished yet" : e.what();  // the job's reason is in it
    }
}

asio::awaitable<bool> ask(cofila::queue<division, int> divisions)
{
    const auto good = co_await outcome_of(co_await divisions.add("divide", {.dividend = 84, .divisor = 2}), 10s);
    const auto bad = co_await outcome_of(co_await divisions.add("divide", {.dividend = 84}), 10s);
    const auto late = co_await outcome_of(co_await divisions.add("divide", {}, {.delay = 1h}), 50ms);
    std::cout << good << '\n' << bad << '\n' << late << '\n';
    co_await divisions.close();  // first its worker
    co_return good == "42" && bad.ends_with("nothing can be divided by 0") && late == "not finished yet";
}

asio::awaitable<int> app(std::string database)
{
    auto engine = co_await cofila::engine::open({.database = database});
    auto divisions = engine.queue<division, int>("divisions");
    cofila::worker<division, int> worker{divisions, divide};
    const auto done = co_await (worker.run() && ask(divisions));
    co_await engine.close();
    co_return std::get<bool>(done) ? 0 : 1;
}

int main(int argc, char** argv) { return argc == 2 ? cofila::run_main(app(argv[1])) : 2; }
