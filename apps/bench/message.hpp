#pragma once
#include <cofila/queue.hpp>

#include <boost/describe/class.hpp>

#include <cstdint>
#include <string>

namespace bench {

/// What every benchmark of the table sends: some 100 bytes of JSON. `n` is the job's number in its run.
struct message {
    std::string to = "user@example.com";
    std::string subject = "Hello";
    std::int64_t n = 123456;
    std::string body = std::string(38, 'x');
};
BOOST_DESCRIBE_STRUCT(message, (), (to, subject, n, body))

using queue = cofila::queue<message>;

}  // namespace bench
