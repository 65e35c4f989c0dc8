// Debounce: files are saved many times in a row, and each is built once, half a second after its last change.
#include <cofila/cofila.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/describe/class.hpp>

#include <chrono>
#include <iostream>
#include <string>
#include <vector>

namespace asio = boost::asio;
using namespace std::chrono_literals;

struct build {
    std::string file{};
    int revision = 0;
};
BOOST_DESCRIBE_STRUCT(build, (), (file, revision))

using build_queue = cofila::queue<build, std::string>;
using build_job = cofila::job<build, std::string>;

asio::awaitable<void> saved(build_queue builds, build what)
{
    // While the one before waits for its time, this one takes its place: the half second begins anew.
    const cofila::deduplication newest{.id = what.file, .how = cofila::deduplication::mode::replace};
    co_await builds.add("build", what, {.delay = 500ms, .dedup = newest});
}

asio::awaitable<int> app(std::string database)
{
    auto engine = co_await cofila::engine::open({.database = database});
    auto builds = engine.queue<build, std::string>("builds");
    for (int revision = 1; revision <= 10; ++revision) {
        co_await saved(builds, {.file = "main.cpp", .revision = revision});
        co_await saved(builds, {.file = "util.cpp", .revision = revision});
    }

    std::vector<std::string> built;
    auto run = [&](build_job job) -> asio::awaitable<std::string> {  // NOLINT(*-lambda-coroutines): the worker keeps it
        built.push_back(job.data().file + " " + std::to_string(job.data().revision));
        co_return built.back();
    };
    cofila::worker<build, std::string> worker{builds, run};
    builds.events().completed.connect([&](const cofila::completed_event&) {
        if (built.size() == 2)
            worker.stop();
    });
    co_await worker.run();

    for (const auto& what : built)
        std::cout << "built " << what << '\n';
    const auto counts = co_await builds.get_job_counts();
    co_await engine.close();
    const bool once_each = built == std::vector<std::string>{"main.cpp 10", "util.cpp 10"};
    co_return (once_each && counts == cofila::job_counts{.completed = 2}) ? 0 : 1;
}

int main(int argc, char** argv) { return argc == 2 ? cofila::run_main(app(argv[1])) : 2; }
