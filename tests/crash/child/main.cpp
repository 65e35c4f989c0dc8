#include <cofila/run_main.hpp>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <sys/resource.h>
#include <unistd.h>

#include <cstdlib>
#include <map>

#include "child/roles.hpp"
#include "trail.hpp"

namespace cofila::test {

namespace asio = boost::asio;

void say(const std::string& line)
{
    const auto text = line + "\n";
    if (::write(STDOUT_FILENO, text.data(), text.size()) != static_cast<ssize_t>(text.size()))
        std::_Exit(3);  // nobody listens any more
}

asio::awaitable<void> pause(std::chrono::steady_clock::duration time)
{
    asio::steady_timer timer{co_await asio::this_coro::executor, time};
    co_await timer.async_wait(asio::use_awaitable);
}

asio::awaitable<std::string> hear()
{
    static std::string read;
    asio::posix::stream_descriptor input{co_await asio::this_coro::executor, ::dup(STDIN_FILENO)};
    const auto size = co_await asio::async_read_until(input, asio::dynamic_buffer(read), '\n', asio::use_awaitable);
    auto line = read.substr(0, size - 1);
    read.erase(0, size);
    co_return line;
}

engine_options file_options(const std::string& database, int sweeps)
{
    engine_options out{.database = database, .maintenance = std::nullopt};
    if (sweeps > 0)
        out.maintenance = maintenance_options{.interval = milliseconds{sweeps}};
    return out;
}

}  // namespace cofila::test

int main(int argc, char** argv)
{
    using namespace cofila::test;
    static const std::map<std::string, boost::asio::awaitable<int> (*)(call)> roles{
        {"both", both},
        {"crowd", crowd},
        {"drain", drain},
        {"fork", fork},
        {"hold", hold},
        {"ignore", ignore},
        {"obey", obey},
        {"produce", produce},
        {"soak", soak},
        {"stop", stop},
        {"sweep", sweep},
        {"tend", tend},
        {"work", work},
        {"write", write},
    };
    const auto role = argc < 3 ? roles.end() : roles.find(argv[1]);
    if (role == roles.end())
        return 2;
    const rlimit no_core{};
    ::setrlimit(RLIMIT_CORE, &no_core);
    follow_trails();
    return cofila::run_main(role->second({.database = argv[2], .rest{argv + 3, argv + argc}}));
}
