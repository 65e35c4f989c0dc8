#include "support/postgres_proxy.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <list>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <utility>
#include <vector>

namespace cofila::test {

namespace {

class descriptor {
public:
    explicit descriptor(int fd) : fd_{fd}
    {
        if (fd < 0)
            throw std::runtime_error{std::string{"the proxy has no socket: "} + std::strerror(errno)};
    }
    descriptor(descriptor&& other) noexcept : fd_{std::exchange(other.fd_, -1)} {}
    descriptor(const descriptor&) = delete;
    descriptor& operator=(const descriptor&) = delete;
    ~descriptor() { close(); }

    int get() const { return fd_; }
    bool is_open() const { return fd_ >= 0; }
    void close()
    {
        if (fd_ >= 0)
            ::close(std::exchange(fd_, -1));
    }
    /// Does not wait for a listener that does not read: the notification is dropped.
    void send(std::string_view bytes) const
    {
        const int flags = MSG_NOSIGNAL | (bytes.starts_with('A') ? MSG_DONTWAIT : 0);
        while (!bytes.empty()) {
            const auto sent = ::send(fd_, bytes.data(), bytes.size(), flags);
            if (sent <= 0)
                return;  // reading notices
            bytes.remove_prefix(static_cast<std::size_t>(sent));
        }
    }

private:
    int fd_;
};

descriptor new_socket() { return descriptor{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)}; }

sockaddr_un address_in(const std::string& folder)
{
    sockaddr_un out{.sun_family = AF_UNIX, .sun_path = {}};
    const auto path = folder + "/.s.PGSQL.5432";
    path.copy(out.sun_path, sizeof out.sun_path - 1);
    return out;
}

std::string folder_in(const std::string& target)
{
    const std::string word = "host=/";
    const auto at = target.find(word);
    if (at == std::string::npos)
        throw std::runtime_error{"the proxy needs a server on a Unix socket"};
    return target.substr(at + word.size() - 1, target.find(' ', at) - at - word.size() + 1);
}

/// From the front of what has arrived; 0 if it is not whole. The first message of a client has no type.
std::size_t message_size(const std::string& bytes, bool typed)
{
    const std::size_t before = typed ? 1 : 0;
    if (bytes.size() < before + 4)
        return 0;
    std::size_t length = 0;
    for (std::size_t i = before; i < before + 4; ++i)
        length = length * 256 + static_cast<unsigned char>(bytes[i]);
    return bytes.size() < before + length ? 0 : before + length;
}

}  // namespace

class postgres_proxy::relay {
public:
    relay(std::string server, const std::string& here, std::function<void()> froze)
        : server_{std::move(server)},
          froze_{std::move(froze)}
    {
        const auto address = address_in(here);
        if (::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
            ::listen(listener_.get(), 16) != 0)
            throw std::runtime_error{"the proxy cannot listen"};
    }

    void run()
    {
        while (!ending_) {
            std::vector<pollfd> ready{{wake_.get(), POLLIN, 0}, {listener_.get(), POLLIN, 0}};
            for (auto& one : pairs_)
                for (auto* side : {&one.client, &one.server})
                    ready.push_back({one.frozen ? -1 : side->from.get(), POLLIN, 0});
            ::poll(ready.data(), ready.size(), -1);
            auto at = ready.begin() + 2;
            for (auto& one : pairs_)
                for (auto* side : {&one.client, &one.server})
                    if ((at++)->revents != 0 && side->from.is_open())
                        read(one, *side);
            if (ready[0].revents != 0)
                thaw();
            if ((ready[1].revents & POLLIN) != 0)
                accept();
            std::erase_if(pairs_, [](const pair& one) {
                return !one.client.from.is_open() && !one.server.from.is_open();
            });
        }
    }

    void end()
    {
        ending_ = true;
        wake();
    }

    void arm(link_fault plan)
    {
        const std::lock_guard lock{mutex_};
        plan_ = plan;
        count_ = 0;
        done_ = false;
    }

    bool disarm()
    {
        const std::lock_guard lock{mutex_};
        plan_.reset();
        thaws_ = true;
        wake();
        return done_;
    }

private:
    void wake() const
    {
        const std::uint64_t one = 1;
        (void)!::write(wake_.get(), &one, sizeof one);
    }

    void thaw()
    {
        std::uint64_t asked = 0;
        (void)!::read(wake_.get(), &asked, sizeof asked);
        if (!thaws_.exchange(false))
            return;
        for (auto& one : pairs_)
            if (one.frozen)
                cut(one);
    }

    struct side {
        descriptor from;
        bool typed = true;
        std::string bytes{};
    };
    struct pair {
        side client;
        side server;
        bool frozen = false;
    };

    void accept()
    {
        descriptor client{::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC)};
        auto server = new_socket();
        const auto address = address_in(server_);
        if (::connect(server.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0)
            pairs_.push_back({.client = {.from = std::move(client), .typed = false}, .server = {std::move(server)}});
    }

    void read(pair& at, side& from)
    {
        char buffer[65536];
        const auto got = ::recv(from.from.get(), buffer, sizeof buffer, 0);
        if (got <= 0)
            return cut(at);
        from.bytes.append(buffer, static_cast<std::size_t>(got));
        while (const auto size = message_size(from.bytes, from.typed)) {
            const auto message = from.bytes.substr(0, size);
            from.bytes.erase(0, size);
            from.typed = true;
            pass(at, from, message);
            if (at.frozen || !from.from.is_open())
                return;
        }
    }

    void pass(pair& at, const side& from, const std::string& message)
    {
        const auto& to = &from == &at.client ? at.server.from : at.client.from;
        if (late_ && late_->first != &at && --late_messages_ == 0)
            deliver_late();
        const auto fault = next_fault();
        if (!fault)
            return to.send(message);
        switch (*fault) {
        case link_fault::kind::cut_before:
            return cut(at);
        case link_fault::kind::cut_inside:
            to.send(message.substr(0, message.size() / 2));
            return cut(at);
        case link_fault::kind::cut_after:
            to.send(message);
            return cut(at);
        case link_fault::kind::late:
            return hold(at, from, message);
        case link_fault::kind::frozen:
            at.frozen = true;
            return froze_();
        }
    }

    std::optional<link_fault::kind> next_fault()
    {
        const std::lock_guard lock{mutex_};
        if (!plan_ || ++count_ < plan_->at)
            return {};
        done_ = true;
        const auto what = plan_->what;
        plan_->at = count_ + plan_->again;
        if (std::exchange(plan_->again, 0) == 0)
            plan_.reset();
        return what;
    }

    /// A message to a server waits there until the third one of another connection, which is in use then.
    void hold(pair& at, const side& from, const std::string& message)
    {
        if (&from == &at.server || late_)
            return cut(at);
        at.client.from.close();
        late_.emplace(&at, message);
        late_messages_ = 3;
    }

    void deliver_late()
    {
        late_->first->server.from.send(late_->second);
        late_.reset();
    }

    void cut(pair& at)
    {
        if (late_ && late_->first == &at)
            late_.reset();
        at.client.from.close();
        at.server.from.close();
    }

    const std::string server_;
    const std::function<void()> froze_;
    descriptor listener_ = new_socket();
    descriptor wake_{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
    std::list<pair> pairs_{};
    std::optional<std::pair<pair*, std::string>> late_{};
    int late_messages_ = 0;
    std::atomic<bool> ending_{false};
    std::atomic<bool> thaws_{false};
    std::mutex mutex_{};  // for the rest
    std::optional<link_fault> plan_{};
    int count_ = 0;
    bool done_ = false;
};

postgres_proxy::postgres_proxy(const std::string& target, std::function<void()> froze)
{
    const auto server = folder_in(target);
    target_ = target;
    target_.replace(target.find(server), server.size(), folder_.path().string());
    relay_ = std::make_unique<relay>(server, folder_.path().string(), std::move(froze));
    thread_ = std::thread{[this] { relay_->run(); }};
}

postgres_proxy::~postgres_proxy()
{
    relay_->end();
    thread_.join();
}

void postgres_proxy::arm(link_fault plan) { relay_->arm(plan); }
bool postgres_proxy::disarm() { return relay_->disarm(); }

}  // namespace cofila::test
