#pragma once
#include <cofila/codec.hpp>
#include <cofila/decoding.hpp>
#include <cofila/error.hpp>
#include <cofila/outcome.hpp>
#include <cofila/queue_types.hpp>

#include <boost/asio/awaitable.hpp>

#include <cstddef>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

/// What the typed templates share: payloads and results as JSON text. Not part of the interface.
namespace cofila::detail {

template <class Payload>
std::string encode_element(const Payload& data, std::size_t index)
{
    try {
        return encode_as("data", data);
    } catch (const error& e) {
        throw error{"[" + std::to_string(index) + "].", e};
    }
}

template <class Payload>
std::vector<job_spec<std::string>> encode_all(std::vector<job_spec<Payload>> jobs)
{
    std::vector<job_spec<std::string>> out;
    out.reserve(jobs.size());
    for (auto& job : jobs) {
        auto data = encode_element(job.data, out.size());
        out.push_back({.name = std::move(job.name), .data = std::move(data), .options = std::move(job.options)});
    }
    return out;
}

// A `void` result is stored as null, and not examined when it is read.

template <class Result>
std::string encode_result(const result_value<Result>& value)
{
    if constexpr (std::is_void_v<Result>)
        return "null";
    else
        return encode_as("result", value);
}

template <class Result>
boost::asio::awaitable<Result> decode_result(boost::asio::awaitable<std::string> result, decoding how)
{
    const auto text = co_await std::move(result);
    if constexpr (!std::is_void_v<Result>)
        co_return decode<Result>(text, how);
}

}  // namespace cofila::detail
