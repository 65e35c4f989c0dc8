#pragma once
#include <cofila/engine.hpp>
#include <cofila/queue.hpp>
#include <cofila/worker.hpp>

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <string>
#include <vector>

/// The program that the crash tests start, stop and kill. It uses the public interface alone, and tells on standard
/// output what it is about to do and what has been acknowledged: one line, and one write, each.
namespace cofila::test {

using text_queue = queue<std::string, std::string>;
using text_job = job<std::string, std::string>;
using text_worker = worker<std::string, std::string>;

struct call {
    std::string database{};
    std::vector<std::string> rest{};  ///< What this role takes besides.

    const std::string& at(std::size_t index) const { return rest.at(index); }
    int number(std::size_t index) const { return std::stoi(rest.at(index)); }
};

void say(const std::string& line);
boost::asio::awaitable<void> pause(std::chrono::steady_clock::duration time);
/// The next line of standard input; empty at its end.
boost::asio::awaitable<std::string> hear();

/// The options that most roles open their engine with; `sweeps` in milliseconds, 0: none.
engine_options file_options(const std::string& database, int sweeps);

// For ever, until it is killed. All take: a name of their own, a seed.
boost::asio::awaitable<int> produce(call request);  ///< adds jobs; further words are ids to add again first
boost::asio::awaitable<int> work(call request);     ///< runs them
boost::asio::awaitable<int> both(call request);     ///< all of it in one process
boost::asio::awaitable<int> sweep(call request);    ///< maintenance only
boost::asio::awaitable<int> tend(call request);     ///< promotes, retries, removes, pauses and resumes
boost::asio::awaitable<int> drain(call request);    ///< works until nothing is left to do

boost::asio::awaitable<int> hold(call request);    ///< lock duration in ms: keeps each job until it hears the job's id
boost::asio::awaitable<int> stop(call request);    ///< concurrency, grace in ms: works until a signal
boost::asio::awaitable<int> ignore(call request);  ///< grace in ms: runs a job that ends never, whatever it is asked
boost::asio::awaitable<int> obey(call request);    ///< concurrency: does what its jobs are called
boost::asio::awaitable<int> fork(call request);    ///< forks with the file open, and lets the child use it
boost::asio::awaitable<int> write(call request);   ///< adds in bulk, for ever
boost::asio::awaitable<int> crowd(call request);   ///< name, producers, jobs: adds and runs them
boost::asio::awaitable<int> soak(call request);    ///< jobs: adds and runs them, and tells what it uses

}  // namespace cofila::test
