#pragma once
#include <cofila/worker.hpp>

#include <string>

#include "app.hpp"

namespace cofila::test {

inline asio::awaitable<std::string> echo(job<std::string, std::string> job) { co_return job.data(); }

inline queue<std::string, std::string> texts(app& a) { return a.engine.queue<std::string, std::string>("texts"); }

}  // namespace cofila::test
