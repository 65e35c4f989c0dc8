#pragma once
#include <boost/asio/awaitable.hpp>

#include <string>
#include <utility>
#include <vector>

#include "contract/contract.hpp"

namespace cofila::test {

namespace asio = boost::asio;

inline asio::awaitable<void> allow(subject s, group_options options) { return s->set(s.queue(), options); }

/// Jobs "x1", "x2" of group "x": the group is the first letter. "-1" has none.
inline asio::awaitable<void> add_grouped(subject s, std::vector<std::string> ids)
{
    for (auto& id : ids) {
        job_options options;
        if (!id.starts_with('-'))
            options.group = id.substr(0, 1);
        (void)co_await s.add(std::move(id), std::move(options));
    }
}

/// Claimed one by one.
inline asio::awaitable<std::vector<std::string>> claimed_in_order(subject s, int count)
{
    std::vector<std::string> out;
    for (int i = 0; i < count; ++i) {
        const auto claimed = co_await s.claim(1);
        out.push_back(claimed.empty() ? "none" : claimed[0]->id.str());
    }
    co_return out;
}

}  // namespace cofila::test
