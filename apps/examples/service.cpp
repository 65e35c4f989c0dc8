// A service in one program: HTTP requests become jobs, a worker does them, and a signal ends both.
// service DATABASE PORT prints the port that it listens at; 0: any that is free.
#include <cofila/cofila.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include <cstdint>
#include <iostream>
#include <string>

namespace asio = boost::asio;
namespace http = boost::beast::http;
using namespace asio::experimental::awaitable_operators;
using asio::ip::tcp, asio::use_awaitable;
using mails = cofila::queue<std::string, std::string>;
using mail_worker = cofila::worker<std::string, std::string>;

asio::awaitable<std::string> deliver(cofila::job<std::string, std::string> job) { co_return "sent " + job.data(); }

asio::awaitable<void> answer(tcp::socket client, mails queue)
{
    boost::beast::flat_buffer buffer;
    http::request<http::string_body> request;
    co_await http::async_read(client, buffer, request, use_awaitable);
    const auto job = co_await queue.add("mail", request.body());  // stored: now it can be promised
    http::response<http::string_body> reply{http::status::accepted, request.version(), job.id().str()};
    reply.prepare_payload();
    co_await http::async_write(client, reply, use_awaitable);
}

asio::awaitable<void> serve(tcp::acceptor& listener, mails queue)
{
    while (listener.is_open())
        try {
            co_await answer(co_await listener.async_accept(use_awaitable), queue);  // one client at a time
        } catch (const boost::system::system_error& e) {  // a client that is gone, a full disk, or the end
            std::cerr << e.what() << '\n';
        }
}

asio::awaitable<void> work(mail_worker& worker, tcp::acceptor& listener)
{
    co_await worker.run();
    listener.close();
}

asio::awaitable<void> app(std::string database, int port)
{
    auto engine = co_await cofila::engine::open({.database = database});
    auto queue = engine.queue<std::string, std::string>("mails");
    mail_worker worker{queue, deliver};
    cofila::stop_on_signal guard{worker};
    const tcp::endpoint place{asio::ip::address_v4::loopback(), static_cast<std::uint16_t>(port)};
    tcp::acceptor listener{co_await asio::this_coro::executor, place};
    std::cout << listener.local_endpoint().port() << std::endl;
    co_await (work(worker, listener) && serve(listener, queue));
    co_await engine.close();
}

int main(int argc, char** argv) { return argc == 3 ? cofila::run_main(app(argv[1], std::stoi(argv[2]))) : 2; }
