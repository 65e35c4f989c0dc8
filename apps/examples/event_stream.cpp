// Whatever happens to the jobs of a queue, in whatever process, is read in order, and after a restart from where the
// reader was. Prints:
//   1 added parcel
//   2 moved to active
//   3 moved to completed
//   read again after a restart: 3
//   completed so far: 1
#include <cofila/cofila.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>

#include <iostream>
#include <string>

namespace asio = boost::asio;
using namespace asio::experimental::awaitable_operators;
using parcels = cofila::queue<std::string, std::string>;

asio::awaitable<std::string> deliver(cofila::job<std::string, std::string> job) { co_return "to " + job.data(); }

asio::awaitable<void> watch(parcels queue, cofila::event_stream stream)
{
    for (int i = 0; i < 3; ++i) {
        const auto next = co_await stream.next();  // next.missed: dropped before they could be read
        const auto& event = next.event;
        if (event.what == cofila::logged_event::kind::added)
            std::cout << event.sequence << " added " << event.text << '\n';
        else
            std::cout << event.sequence << " moved to " << event.state << '\n';
        if (i == 1)
            co_await stream.save();  // these two need not be told again
    }
    co_await queue.close();
}

asio::awaitable<int> app(std::string database)
{
    auto engine = co_await cofila::engine::open({.database = database});
    auto queue = engine.queue<std::string, std::string>("parcels");
    co_await queue.set_event_log(10'000);  // keeps the newest 10,000
    co_await queue.set_metrics(60);        // and the counts of an hour
    const auto stream = queue.stream({.name = "bookkeeping"});
    co_await stream.open();
    co_await queue.add("parcel", "Rome");
    cofila::worker<std::string, std::string> worker{queue, deliver};
    co_await (worker.run() && watch(queue, stream));
    co_await engine.close();

    engine = co_await cofila::engine::open({.database = database});
    queue = engine.queue<std::string, std::string>("parcels");
    const auto again = co_await queue.stream({.name = "bookkeeping"}).next();
    const auto metrics = co_await queue.get_metrics();
    std::cout << "read again after a restart: " << again.event.sequence << '\n'
              << "completed so far: " << metrics.minutes.at(0).completed.count << '\n';
    co_await engine.close();
    co_return 0;
}

int main(int argc, char** argv) { return argc == 2 ? cofila::run_main(app(argv[1])) : 2; }
