#pragma once
#include <cofila/clock.hpp>
#include <cofila/repository/job_repository.hpp>

#include <boost/asio/awaitable.hpp>

#include <memory>
#include <string>

namespace cofila::test {

/// A SQLite file without threads: each operation is done at once, in a transaction of its own.
boost::asio::awaitable<std::shared_ptr<job_repository>> open_inline(std::string path, std::shared_ptr<clock> time);

}  // namespace cofila::test
