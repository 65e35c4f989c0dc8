#include "ports/commit_watch.hpp"

#include <utility>

#ifdef __linux__
#include <boost/asio/buffer.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstring>
#include <string_view>
#endif

namespace cofila {

namespace asio = boost::asio;

#ifdef __linux__

namespace {

class inotify_watch final : public commit_watch {
public:
    inotify_watch(asio::any_io_executor executor, int descriptor, std::string file_name)
        : events_{std::move(executor), descriptor},
          file_name_{std::move(file_name)}
    {}

    asio::awaitable<void> written() override
    {
        for (;;) {
            const auto size = co_await events_.async_read_some(asio::buffer(buffer_), asio::use_awaitable);
            if (mentions_file(size))
                co_return;
        }
    }

private:
    bool mentions_file(std::size_t size) const
    {
        for (std::size_t at = 0; at + sizeof(inotify_event) <= size;) {
            inotify_event event{};
            std::memcpy(&event, buffer_.data() + at, sizeof event);
            const char* name = buffer_.data() + at + sizeof event;
            // An overflow lost events: any file may be meant.
            if ((event.mask & IN_Q_OVERFLOW) != 0 || (event.len > 0 && file_name_ == name))
                return true;
            at += sizeof event + event.len;
        }
        return false;
    }

    asio::posix::stream_descriptor events_;
    const std::string file_name_;
    std::array<char, 16 * 1024> buffer_{};
};

}  // namespace

std::unique_ptr<commit_watch> make_commit_watch(
    asio::any_io_executor executor, std::string folder, std::string file_name
)
{
    const int descriptor = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (descriptor < 0)
        return nullptr;
    if (::inotify_add_watch(descriptor, folder.c_str(), IN_MODIFY | IN_CREATE | IN_MOVED_TO) < 0) {
        ::close(descriptor);
        return nullptr;
    }
    return std::make_unique<inotify_watch>(std::move(executor), descriptor, std::move(file_name));
}

#else

std::unique_ptr<commit_watch> make_commit_watch(asio::any_io_executor, std::string, std::string) { return nullptr; }

#endif

}  // namespace cofila
