// A blocking connection to beanstalkd, with just what the workloads need.
#pragma once

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

class connection {
public:
    explicit connection(std::uint16_t port) : socket_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)}
    {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
            throw std::system_error{errno, std::generic_category(), "connect"};
        const int on = 1;  // a command must not wait for the acknowledgement of the one before
        setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    }
    connection(const connection&) = delete;
    connection& operator=(const connection&) = delete;
    ~connection() { close(socket_); }

    int handle() const { return socket_; }

    void send(std::string_view text)
    {
        while (!text.empty()) {
            const ssize_t sent = ::send(socket_, text.data(), text.size(), MSG_NOSIGNAL);
            if (sent <= 0)
                throw std::system_error{errno, std::generic_category(), "send"};
            text.remove_prefix(static_cast<std::size_t>(sent));
        }
    }

    void receive()
    {
        std::array<char, 65536> buffer;  // NOLINT(*-member-init): clearing it each time would cost more than a command
        const ssize_t size = recv(socket_, buffer.data(), buffer.size(), 0);
        if (size <= 0)
            throw std::runtime_error{"beanstalkd closed the connection"};
        received_.erase(0, used_);
        used_ = 0;
        received_.append(buffer.data(), static_cast<std::size_t>(size));
    }

    /// Takes the first line of a reply once all of the reply is there. A job's body is skipped.
    bool take_reply(std::string& line)
    {
        const auto end = received_.find("\r\n", used_);
        if (end == std::string::npos)
            return false;
        auto next = end + 2;
        if (received_.compare(used_, 9, "RESERVED ") == 0) {
            const auto size_at = received_.find(' ', used_ + 9);
            next += std::strtoul(received_.c_str() + size_at, nullptr, 10) + 2;
            if (received_.size() < next)
                return false;
        }
        line.assign(received_, used_, end - used_);
        used_ = next;
        return true;
    }

    std::string reply()
    {
        std::string line;
        while (!take_reply(line))
            receive();
        return line;
    }

private:
    int socket_;
    std::string received_{};
    std::size_t used_ = 0;
};
