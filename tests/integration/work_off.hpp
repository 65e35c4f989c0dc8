#pragma once
#include <cofila/cofila.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/signals2/connection.hpp>

#include <string>
#include <vector>

namespace cofila::test {

/// Runs a worker until no job of the queue is left. Returns what it got, in order: names and data. `Store` is a
/// `shared_file` or a `shared_database`.
template <class Store>
std::vector<std::string> work_off(const Store& store)
{
    std::vector<std::string> out;
    store.with_queue([&](queue<std::string, std::string> jobs) -> boost::asio::awaitable<void> {
        worker<std::string, std::string> working{
            jobs,
            [&](job<std::string, std::string> one) -> boost::asio::awaitable<std::string> {
                out.push_back(one.name() + ' ' + one.data());
                co_return "done";
            },
            {.concurrency = 1}
        };
        const boost::signals2::scoped_connection last =
            jobs.events().drained.connect([&](const drained_event&) { working.stop(); });
        co_await working.run();
    });
    return out;
}

}  // namespace cofila::test
