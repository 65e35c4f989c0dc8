#pragma once
#include <boost/asio/awaitable.hpp>

#include <algorithm>
#include <utility>
#include <vector>

#include "app.hpp"

namespace cofila::test {

/// How many run at once, and how many ever did. Jobs end when `out` is opened.
struct crowd {
    explicit crowd(const app& a) : out{a.executor} {}

    door out;
    int inside = 0;
    int most = 0;
    int ended = 0;

    processor<int, int> processor_of()
    {
        return [this](job<int, int>) -> asio::awaitable<int> {
            most = std::max(most, ++inside);
            co_await out.pass();
            --inside;
            ++ended;
            co_return 0;
        };
    }
};

inline asio::awaitable<void> add_many(queue<int, int> queue, int count)
{
    std::vector<job_spec<int>> jobs;
    for (int i = 0; i < count; ++i)
        jobs.push_back({.name = "x", .data = i});
    co_await queue.add_bulk(std::move(jobs));
}

}  // namespace cofila::test
