#include "ports/commit_watch.hpp"

#include <utility>

#ifdef __linux__
#include <boost/asio/buffer.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstring>
#endif

namespace cofila {

namespace asio = boost::asio;

#ifdef __linux__

namespace {

/// The kernel takes some 8 ms to close an inotify descriptor, and the loop would wait: one is kept for the next watch.
std::atomic<int> spare_descriptor{-1};

int take_descriptor()
{
    const int spare = spare_descriptor.exchange(-1);
    return spare >= 0 ? spare : ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
}

void give_back(int descriptor)
{
    int none = -1;
    if (!spare_descriptor.compare_exchange_strong(none, descriptor))
        ::close(descriptor);
}

/// Shared with the waiting coroutine, which so may outlive the watch.
struct inotify_state {
    inotify_state(const asio::any_io_executor& executor, int descriptor, int folder, std::string name)
        : events{executor, descriptor},
          folder_watch{folder},
          file_name{std::move(name)}
    {}

    asio::posix::stream_descriptor events;
    const int folder_watch;
    const std::string file_name;
    std::array<char, 16 * 1024> buffer{};

    bool mentions_file(std::size_t size) const
    {
        for (std::size_t at = 0; at + sizeof(inotify_event) <= size;) {
            inotify_event event{};
            std::memcpy(&event, buffer.data() + at, sizeof event);
            const char* const name = buffer.data() + at + sizeof event;
            // An overflow lost events: any file may be meant.
            if ((event.mask & IN_Q_OVERFLOW) != 0 || (event.wd == folder_watch && event.len > 0 && file_name == name))
                return true;
            at += sizeof event + event.len;
        }
        return false;
    }

    /// What else is there by now is told of together.
    void drain()
    {
        boost::system::error_code nothing_left;
        while (!nothing_left)
            events.read_some(asio::buffer(buffer), nothing_left);
    }
};

asio::awaitable<void> next_write(std::shared_ptr<inotify_state> state)
{
    for (bool mentioned = false; !mentioned;) {
        const auto size = co_await state->events.async_read_some(asio::buffer(state->buffer), asio::use_awaitable);
        mentioned = state->mentions_file(size);
    }
    state->drain();
}

class inotify_watch final : public commit_watch {
public:
    explicit inotify_watch(std::shared_ptr<inotify_state> state) : state_{std::move(state)}
    {
        state_->events.non_blocking(true);
    }
    inotify_watch(const inotify_watch&) = delete;
    inotify_watch& operator=(const inotify_watch&) = delete;
    ~inotify_watch() override
    {
        const int descriptor = state_->events.release();  // ends a wait that is under way
        ::inotify_rm_watch(descriptor, state_->folder_watch);
        give_back(descriptor);
    }

    asio::awaitable<void> written() override { return next_write(state_); }

private:
    const std::shared_ptr<inotify_state> state_;
};

}  // namespace

std::unique_ptr<commit_watch> make_commit_watch(
    asio::any_io_executor executor, std::string folder, std::string file_name
)
{
    const int descriptor = take_descriptor();
    if (descriptor < 0)
        return nullptr;
    const int watch = ::inotify_add_watch(descriptor, folder.c_str(), IN_MODIFY | IN_CREATE | IN_MOVED_TO);
    if (watch < 0) {
        give_back(descriptor);
        return nullptr;
    }
    return std::make_unique<inotify_watch>(
        std::make_shared<inotify_state>(executor, descriptor, watch, std::move(file_name))
    );
}

#else

std::unique_ptr<commit_watch> make_commit_watch(asio::any_io_executor, std::string, std::string) { return nullptr; }

#endif

}  // namespace cofila
