#include <cofila/cofila.hpp>
#include <boost/asio.hpp>
#include <boost/describe.hpp>
#include <chrono>
#include <iostream>
#include <string>

namespace asio = boost::asio;
using namespace std::chrono_literals;

struct email { std::string to; std::string subject; };
BOOST_DESCRIBE_STRUCT(email, (), (to, subject))
struct receipt { std::string message_id; };
BOOST_DESCRIBE_STRUCT(receipt, (), (message_id))

asio::awaitable<receipt> deliver(cofila::job<email, receipt> job)
{
    co_await job.log("connecting");
    co_await job.update_progress(50);
    co_return receipt{.message_id = job.id().str() + "@example.org"};
}

asio::awaitable<void> app()
{
    auto engine = co_await cofila::engine::open({.database = "mail.db"});
    auto emails = engine.queue<email, receipt>("emails");

    emails.events().completed.connect([](const cofila::completed_event& e) { std::cout << e.id << " sent\n"; });

    co_await emails.add("welcome", email{.to = "ada@example.org", .subject = "Hello"});
    co_await emails.add("reminder", email{.to = "ada@example.org", .subject = "Still there?"},
                        {.delay = 2s, .attempts = 3, .backoff = cofila::backoff::exponential(1s)});

    cofila::worker<email, receipt> worker{emails, deliver, {.concurrency = 8}};
    cofila::stop_on_signal guard{worker};                   // SIGINT, SIGTERM -> graceful close
    co_await worker.run();                                  // returns when closed and nothing of it is left
    co_await engine.close();
}

int main() { return cofila::run_main(app()); }              // io_context{1}, exit code, exceptions reported
