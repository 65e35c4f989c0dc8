// Jobs taken and finished by hand, without a worker: one coroutine waits for them, another one adds them.
#include <cofila/cofila.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>

#include <chrono>
#include <iostream>
#include <string>
#include <vector>

namespace asio = boost::asio;
using namespace std::chrono_literals;
using namespace asio::experimental::awaitable_operators;

using letters = cofila::queue<std::string, std::string>;

asio::awaitable<std::string> take(letters queue)
{
    std::string seen;
    for (int attempts = 0; attempts < 5; ++attempts) {  // of three letters, two of which are tried twice
        // Waits until there is one, for a minute at most.
        const auto taken = co_await queue.fetch_next_and_lock({.worker_id = "by hand", .wait = 1min});
        if (taken.empty())
            break;
        const auto& [claim, job] = taken.front();
        seen += job.data() + std::to_string(job.attempts_started()) + " ";
        if (job.data() == "released" && job.attempts_started() == 1)
            co_await queue.release(claim);  // it waits in its old place
        else if (job.data() == "failed")
            co_await queue.fail(claim, {.message = "no such address"});  // by attempts and backoff
        else
            co_await queue.complete(claim, "sent");
    }
    co_return seen;
}

asio::awaitable<void> put(letters queue)
{
    std::vector<cofila::job_spec<std::string>> specs;
    for (const auto* text : {"released", "failed", "sent"})
        specs.push_back({.name = "letter", .data = text, .options = {.id = text, .attempts = 2}});
    co_await queue.add_bulk(specs);
}

asio::awaitable<int> app(std::string database)
{
    auto engine = co_await cofila::engine::open({.database = database});
    auto queue = engine.queue<std::string, std::string>("letters");
    const auto seen = co_await (take(queue) && put(queue));
    const auto sent = (co_await queue.get_job("sent")).value();
    const auto counts = co_await queue.get_job_counts();
    co_await engine.close();
    std::cout << seen << '\n';
    const bool as_expected = seen == "released1 released2 failed1 sent1 failed2 " && sent.result() == "sent";
    co_return (as_expected && counts == cofila::job_counts{.completed = 2, .failed = 1}) ? 0 : 1;
}

int main(int argc, char** argv) { return argc == 2 ? cofila::run_main(app(argv[1])) : 2; }
