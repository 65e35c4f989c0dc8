// Retention: how long finished jobs are kept, by age and by number, for a queue and for a single job.
#include <cofila/cofila.hpp>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <iostream>
#include <string>

namespace asio = boost::asio;
using namespace std::chrono_literals;
using cofila::retention;

asio::awaitable<int> app(std::string database)
{
    auto engine = co_await cofila::engine::open(
        {.database = database, .maintenance = cofila::maintenance_options{.interval = 20ms}}
    );
    const cofila::queue_options options{
        .on_completed = retention{.age = 24h, .count = 3},  // what comes first
        .on_failed = retention::keep_for(24h * 7)
    };
    auto mails = engine.queue<std::string>("mails", options);

    co_await mails.add("mail", "to be kept", {.id = "kept", .on_completed = retention::keep_all()});
    co_await mails.add("mail", "a secret", {.id = "gone", .on_completed = retention::remove_at_once()});
    for (int i = 0; i < 8; ++i)
        co_await mails.add("mail", "one of many");

    std::size_t cleaned = 0;
    mails.events().cleaned.connect([&](const cofila::cleaned_event& event) { cleaned += event.count; });
    const auto send = [](cofila::job<std::string>) -> asio::awaitable<boost::json::value> { co_return nullptr; };
    cofila::worker<std::string> worker{mails, send};
    mails.events().drained.connect([&](const cofila::drained_event&) { worker.stop(); });
    co_await worker.run();
    while (cleaned < 5)
        co_await asio::steady_timer{co_await asio::this_coro::executor, 5ms}.async_wait(asio::use_awaitable);

    const auto counts = co_await mails.get_job_counts();
    const auto gone = co_await mails.get_job("gone");
    const auto kept = co_await mails.get_job("kept");
    std::cout << counts.completed << " jobs are left of " << counts.completed + cleaned + 1 << '\n';
    co_await engine.close();
    co_return (counts.completed == 4 && kept && !gone) ? 0 : 1;
}

int main(int argc, char** argv) { return argc == 2 ? cofila::run_main(app(argv[1])) : 2; }
