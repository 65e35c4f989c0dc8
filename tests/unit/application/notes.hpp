#pragma once
#include <boost/asio/awaitable.hpp>

#include <string>
#include <utility>

#include "app.hpp"
#include "recorder.hpp"

namespace cofila::test {

/// Notes which jobs ran, and when.
struct notes {
    lines ran{};

    processor<int, int> processor_of(app& a)
    {
        return [this, &a](job<int, int> job) -> asio::awaitable<int> {
            ran.push_back(job.id().str() + " at " + std::to_string(a.elapsed().count()));
            co_return job.data();
        };
    }
    lines take() { return std::exchange(ran, {}); }
};

}  // namespace cofila::test
