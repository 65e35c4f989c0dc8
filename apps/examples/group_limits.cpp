// Limits for each tenant: one of them asks for a dozen reports, and the others still have theirs at once.
#include <cofila/cofila.hpp>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/describe/class.hpp>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace asio = boost::asio;
using namespace std::chrono_literals;

struct report {
    std::string tenant{};
};
BOOST_DESCRIBE_STRUCT(report, (), (tenant))

asio::awaitable<int> app(std::string database)
{
    auto engine = co_await cofila::engine::open({.database = database});
    auto reports = engine.queue<report>("reports");
    co_await reports.set_group({.concurrency = 2});  // of each tenant at most two at once
    std::vector<cofila::job_spec<report>> specs;
    for (const auto& [tenant, many] : std::vector<std::pair<std::string, int>>{{"big", 12}, {"ada", 2}, {"bob", 2}})
        for (int i = 0; i < many; ++i)
            specs.push_back({.name = "report", .data = {.tenant = tenant}, .options = {.group = tenant}});
    co_await reports.add_bulk(specs);

    std::map<std::string, int> running;
    std::vector<std::string> order;
    int most = 0;   // jobs of one tenant at once
    int early = 0;  // small jobs among the first eight
    auto write = [&](cofila::job<report> job) -> asio::awaitable<boost::json::value> {  // NOLINT(*-lambda-coroutines)
        const auto tenant = job.data().tenant;
        order.push_back(tenant);
        most = std::max(most, ++running[tenant]);
        early += order.size() <= 8 && tenant != "big";
        co_await asio::steady_timer{co_await asio::this_coro::executor, 20ms}.async_wait(asio::use_awaitable);
        --running[tenant];
        co_return nullptr;
    };
    cofila::worker<report> worker{reports, write, {.concurrency = 4}};
    reports.events().drained.connect([&](const cofila::drained_event&) { worker.stop(); });
    co_await worker.run();
    co_await engine.close();

    for (const auto& tenant : order)
        std::cout << tenant << ' ';
    std::cout << "\nat most " << most << " of one tenant at once\n";
    co_return order.size() == 16 && most == 2 && early == 4 ? 0 : 1;
}

int main(int argc, char** argv) { return argc == 2 ? cofila::run_main(app(argv[1])) : 2; }
