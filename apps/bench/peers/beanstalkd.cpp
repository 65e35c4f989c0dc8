// The client of beanstalkd.js: `beanstalkd_client PORT fill|WORKLOAD JOBS` prints what it measured as one line of JSON.
#include <sys/epoll.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <deque>
#include <exception>
#include <functional>
#include <vector>

#include "beanstalkd_connection.hpp"

namespace {

using steady = std::chrono::steady_clock;

struct result {
    double seconds = 0;
    std::vector<double> microseconds{};
};

double seconds_since(steady::time_point start) { return std::chrono::duration<double>(steady::now() - start).count(); }

// The same 100 bytes of JSON as in lib.js.
const std::string& put()
{
    static const std::string command = [] {
        const std::string head = R"({"to":"user@example.com","subject":"Hello","n":123456,"body":")";
        const std::string body = head + std::string(38, 'x') + "\"}";
        return "put 1024 0 60 " + std::to_string(body.size()) + "\r\n" + body + "\r\n";
    }();
    return command;
}

void expect(const std::string& reply, std::string_view word)
{
    if (!reply.starts_with(word))
        throw std::runtime_error{"beanstalkd: " + reply};
}

// Not measured, hence many commands travel at once.
result fill(std::uint16_t port, long jobs)
{
    connection link{port};
    for (long left = jobs; left > 0; left -= 500) {
        const long group = std::min(left, 500L);
        std::string commands;
        for (long i = 0; i < group; ++i)
            commands += put();
        link.send(commands);
        for (long i = 0; i < group; ++i)
            expect(link.reply(), "INSERTED");
    }
    return {};
}

result add_singly(std::uint16_t port, long jobs)
{
    connection link{port};
    result measured;
    const auto start = steady::now();
    for (long i = 0; i < jobs; ++i) {
        const auto sent = steady::now();
        link.send(put());
        expect(link.reply(), "INSERTED");
        measured.microseconds.push_back(seconds_since(sent) * 1e6);
    }
    measured.seconds = seconds_since(start);
    return measured;
}

// From the reply to a connection's last command (at first "") to its next command; "" ends the connection.
using dialogue = std::function<std::string(const std::string& reply)>;

// Many connections in one thread, each with one command under way.
result converse(std::uint16_t port, int count, const dialogue& next)
{
    const int poll = epoll_create1(EPOLL_CLOEXEC);
    std::deque<connection> links;
    for (int i = 0; i < count; ++i) {
        epoll_event event{.events = EPOLLIN, .data = {.ptr = &links.emplace_back(port)}};
        epoll_ctl(poll, EPOLL_CTL_ADD, links.back().handle(), &event);
    }
    int live = count;
    const auto advance = [&](connection& link, const std::string& reply) {
        const auto command = next(reply);
        if (command.empty())
            --live;
        else
            link.send(command);
    };
    const auto start = steady::now();
    for (auto& link : links)
        advance(link, "");
    std::array<epoll_event, 128> events{};
    while (live > 0) {
        const int ready = epoll_wait(poll, events.data(), static_cast<int>(events.size()), 10'000);
        if (ready <= 0)
            throw std::runtime_error{"beanstalkd is silent"};
        for (int i = 0; i < ready; ++i) {
            auto& link = *static_cast<connection*>(events[static_cast<std::size_t>(i)].data.ptr);
            link.receive();
            for (std::string reply; link.take_reply(reply);)
                advance(link, reply);
        }
    }
    const double seconds = seconds_since(start);
    close(poll);
    return {seconds};
}

result add_from_100(std::uint16_t port, long jobs)
{
    return converse(port, 100, [left = jobs](const std::string& reply) mutable {
        if (!reply.empty())
            expect(reply, "INSERTED");
        return left-- > 0 ? put() : std::string{};
    });
}

// Each connection reserves a job and, when it has it, deletes it.
result drain(std::uint16_t port, long jobs, int concurrency)
{
    return converse(port, concurrency, [left = jobs](const std::string& reply) mutable -> std::string {
        if (reply.starts_with("RESERVED "))
            return "delete " + reply.substr(9, reply.find(' ', 9) - 9) + "\r\n";
        if (!reply.empty())
            expect(reply, "DELETED");
        return left-- > 0 ? "reserve\r\n" : "";
    });
}

result run(std::uint16_t port, std::string_view step, long jobs)
{
    if (step == "fill")
        return fill(port, jobs);
    if (step == "W1")
        return add_singly(port, jobs);
    if (step == "W2.conc100")
        return add_from_100(port, jobs);
    if (step == "W3.c10")
        return drain(port, jobs, 10);
    if (step == "W3.c100")
        return drain(port, jobs, 100);
    throw std::invalid_argument{"no such step"};
}

void print_percentiles(std::vector<double> us)
{
    std::ranges::sort(us);
    const auto at = [&](std::size_t percent) { return us[us.size() * percent / 100]; };
    std::printf("\"p50_us\":%.1f,\"p90_us\":%.1f,\"p99_us\":%.1f,\"max_us\":%.1f,", at(50), at(90), at(99), us.back());
}

void print(const result& measured, long jobs)
{
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    const double rate = measured.seconds > 0 ? static_cast<double>(jobs) / measured.seconds : 0;
    std::printf("{\"n\":%ld,\"secs\":%.4f,\"jobs_s\":%.0f,", jobs, measured.seconds, rate);
    if (!measured.microseconds.empty())
        print_percentiles(measured.microseconds);
    std::printf("\"client_peak_mb\":%.1f}\n", static_cast<double>(usage.ru_maxrss) / 1024);
}

}  // namespace

int main(int argc, char** argv)
{
    try {
        const std::vector<std::string> arguments(argv + 1, argv + argc);
        const long jobs = std::stol(arguments.at(2));
        print(run(static_cast<std::uint16_t>(std::stoi(arguments.at(0))), arguments.at(1), jobs), jobs);
        return 0;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 1;
    }
}
