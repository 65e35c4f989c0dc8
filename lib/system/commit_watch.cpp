// Reports writes to a file through inotify on its folder, which opens neither the database nor its log: closing such a
// descriptor would drop SQLite's locks. The inotify descriptor is made once, since the kernel takes milliseconds to
// close one; `start` drains what is queued and adds the watch, `stop` removes it, so that writes cost nothing while no
// caller waits. Events of other files in the folder are read and skipped; after one that names the file everything
// queued is drained, as one sign is enough. A full event queue counts as a sign, since events were lost. The descriptor
// belongs to the loop's context only during a wait and is released after it, so that the watch may outlive the loop;
// its state is shared with the waiting coroutine, which may outlive the watch. If inotify cannot be had,
// `make_commit_watch` returns null or `start` false, and the caller polls.
#include "ports/commit_watch.hpp"

#include <utility>

#ifdef __linux__
#include <boost/asio/buffer.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstring>
#endif

namespace cofila {

namespace asio = boost::asio;

#ifdef __linux__

namespace {

/// Shared with the waiting coroutine, which may outlive the watch.
struct inotify_state {
    inotify_state(int from, std::string in, std::string name)
        : descriptor{from},
          folder{std::move(in)},
          file_name{std::move(name)}
    {}
    inotify_state(const inotify_state&) = delete;
    inotify_state& operator=(const inotify_state&) = delete;
    ~inotify_state() { ::close(descriptor); }

    const int descriptor;  // kept open, since the kernel takes milliseconds to close one
    const std::string folder;
    const std::string file_name;
    int watched = -1;
    asio::posix::stream_descriptor* waiting = nullptr;
    std::array<char, 16 * 1024> buffer{};

    bool mentions_file(std::size_t size) const
    {
        for (std::size_t at = 0; at + sizeof(inotify_event) <= size;) {
            inotify_event event{};
            std::memcpy(&event, buffer.data() + at, sizeof event);
            const char* const name = buffer.data() + at + sizeof event;
            // An overflow lost events: any of them may have named the file.
            if ((event.mask & IN_Q_OVERFLOW) != 0 || (event.len > 0 && file_name == name))
                return true;
            at += sizeof event + event.len;
        }
        return false;
    }

    void stop()
    {
        if (watched >= 0)
            ::inotify_rm_watch(descriptor, std::exchange(watched, -1));
        if (waiting)
            waiting->cancel();
    }

    void drain()
    {
        while (::read(descriptor, buffer.data(), buffer.size()) > 0) {}
    }
};

/// Registers the descriptor with the loop only during a wait: the watch may outlive the loop.
class on_loop {
public:
    on_loop(inotify_state& state, const asio::any_io_executor& executor)
        : state_{state},
          events{executor, state.descriptor}
    {
        state_.waiting = &events;
    }
    on_loop(const on_loop&) = delete;
    on_loop& operator=(const on_loop&) = delete;
    ~on_loop()
    {
        state_.waiting = nullptr;
        events.release();
    }

private:
    inotify_state& state_;

public:
    asio::posix::stream_descriptor events;
};

asio::awaitable<void> next_write(std::shared_ptr<inotify_state> state)
{
    on_loop here{*state, co_await asio::this_coro::executor};
    for (bool mentioned = false; !mentioned;) {
        const auto size = co_await here.events.async_read_some(asio::buffer(state->buffer), asio::use_awaitable);
        mentioned = state->mentions_file(size);
    }
    state->drain();
}

class inotify_watch final : public commit_watch {
public:
    explicit inotify_watch(std::shared_ptr<inotify_state> state) : state_{std::move(state)} {}
    inotify_watch(const inotify_watch&) = delete;
    inotify_watch& operator=(const inotify_watch&) = delete;
    ~inotify_watch() override { state_->stop(); }

    bool start() override
    {
        state_->drain();
        state_->watched =
            ::inotify_add_watch(state_->descriptor, state_->folder.c_str(), IN_MODIFY | IN_CREATE | IN_MOVED_TO);
        return state_->watched >= 0;
    }
    void stop() override { state_->stop(); }
    void forget() override { state_->drain(); }
    asio::awaitable<void> written() override { return next_write(state_); }

private:
    const std::shared_ptr<inotify_state> state_;
};

}  // namespace

std::unique_ptr<commit_watch> make_commit_watch(std::string folder, std::string file_name)
{
    const int descriptor = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (descriptor < 0)
        return nullptr;
    auto state = std::make_shared<inotify_state>(descriptor, std::move(folder), std::move(file_name));
    return std::make_unique<inotify_watch>(std::move(state));
}

#else

std::unique_ptr<commit_watch> make_commit_watch(std::string, std::string) { return nullptr; }

#endif

}  // namespace cofila
