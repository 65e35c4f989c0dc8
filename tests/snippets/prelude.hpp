#pragma once
/// What every snippet of the documentation takes for granted.
#include <cofila/cofila.hpp>
#include <cofila/memory.hpp>
#include <cofila/sqlite.hpp>

#include <boost/asio.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/describe.hpp>

#include <array>
#include <chrono>
#include <filesystem>
#include <iostream>
#include <optional>
#include <string>
#include <vector>

namespace snippets {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using namespace asio::experimental::awaitable_operators;

struct email {
    std::string to;
    std::string subject;
};
BOOST_DESCRIBE_STRUCT(email, (), (to, subject))

struct receipt {
    std::string message_id;
};
BOOST_DESCRIBE_STRUCT(receipt, (), (message_id))

asio::awaitable<receipt> deliver(cofila::job<email, receipt> job);

}  // namespace snippets
