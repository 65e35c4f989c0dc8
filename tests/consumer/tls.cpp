// A program that speaks TLS beside its jobs: Asio's part of OpenSSL links, whatever the library was built with.
#include <cofila/cofila.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/local/connect_pair.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <iostream>
#include <string>
#include <utility>

namespace {

namespace asio = boost::asio;
using socket = asio::local::stream_protocol::socket;

/// What a handshake says to a peer that hangs up.
asio::awaitable<std::string> handshake()
{
    const auto executor = co_await asio::this_coro::executor;
    socket own{executor};
    socket peer{executor};
    asio::local::connect_pair(own, peer);
    peer.close();
    asio::ssl::context context{asio::ssl::context::tls_client};
    asio::ssl::stream<socket> stream{std::move(own), context};
    const auto [failed] =
        co_await stream.async_handshake(asio::ssl::stream_base::client, asio::as_tuple(asio::use_awaitable));
    co_return failed.message();
}

asio::awaitable<void> app(std::string database)
{
    auto engine = co_await cofila::engine::open({.database = std::move(database)});
    auto calls = engine.queue("calls");
    const auto job = co_await calls.add("call", boost::json::string{co_await handshake()});
    std::cout << "added " << job.id() << ": " << job.data() << '\n';
    co_await engine.close();
}

}  // namespace

int main(int argc, char** argv) { return argc == 2 ? cofila::run_main(app(argv[1])) : 2; }
