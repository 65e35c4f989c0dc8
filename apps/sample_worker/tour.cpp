#include "tour.hpp"

#include <cofila/engine.hpp>
#include <cofila/stop_on_signal.hpp>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/multiple_exceptions.hpp>
#include <boost/asio/this_coro.hpp>

#include <fmt/format.h>
#include <stdlib.h>

#include <cerrno>
#include <chrono>
#include <exception>
#include <filesystem>
#include <system_error>
#include <utility>

#include "chapters.hpp"
#include "logging.hpp"
#include "stage.hpp"
#include "timeline.hpp"

namespace sample {

namespace asio = boost::asio;
namespace fs = std::filesystem;
using namespace std::chrono_literals;

namespace {

/// A new folder, removed with its contents at the end of the scope.
class temporary_folder {
public:
    temporary_folder() : path_{(fs::temp_directory_path() / "cofila-tour-XXXXXX").string()}
    {
        if (!::mkdtemp(path_.data()))
            throw std::system_error{errno, std::generic_category(), path_};
    }
    temporary_folder(const temporary_folder&) = delete;
    temporary_folder& operator=(const temporary_folder&) = delete;
    ~temporary_folder()
    {
        std::error_code ignored;
        fs::remove_all(path_, ignored);
    }

    std::string file(const std::string& name) const { return (fs::path{path_} / name).string(); }

private:
    std::string path_;
};

/// Each tour has its own queue: what an interrupted one has left in the database does not disturb the next.
std::string new_queue_name()
{
    return fmt::format("tour {}", std::chrono::system_clock::now().time_since_epoch() / 1us);
}

asio::awaitable<int> tour_of(std::string database)
{
    using namespace asio::experimental::awaitable_operators;
    const auto loop = co_await asio::this_coro::executor;
    timeline time;
    cofila::engine_options options{.database = std::move(database), .logger = to_spdlog()};
    options.maintenance->interval = 500ms;  // so that the tour need not wait long for the rescue
    auto engine = co_await cofila::engine::open(std::move(options));
    stage main{engine.queue<order, std::string>(new_queue_name()), "first", time, loop};
    chapters story{engine, main, time, loop};

    std::exception_ptr problem;
    try {
        cofila::stop_on_signal guard{main.worker()};
        auto report = co_await (main.worker().run() && story.play());
        co_await story.epilogue(std::move(report));
    } catch (const asio::multiple_exceptions& several) {
        problem = several.first_exception();
    } catch (...) {
        problem = std::current_exception();
    }
    co_await engine.close();
    if (problem)
        std::rethrow_exception(problem);
    co_return time.result();
}

}  // namespace

asio::awaitable<int> tour(std::string database)
{
    if (!database.empty())
        co_return co_await tour_of(std::move(database));
    const temporary_folder folder;
    co_return co_await tour_of(folder.file("tour.db"));
}

}  // namespace sample
