// A fixed piece of work whose instructions are counted (see check.py): nothing in it depends on time or chance.
#include <cofila/cofila.hpp>

#include <boost/asio/this_coro.hpp>
#include <boost/signals2/connection.hpp>

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

#include "sqlite/repository.hpp"
#include "support/fixed_random.hpp"
#include "support/inline_port.hpp"
#include "support/manual_clock.hpp"
#include "support/temp_folder.hpp"

namespace asio = boost::asio;
using namespace cofila;
using namespace cofila::test;

namespace {

constexpr int singly = 1000;
constexpr int in_bulk = 1000;

using text_queue = queue<std::string, std::string>;

asio::awaitable<std::shared_ptr<job_repository>> open_inline(std::string path, std::shared_ptr<cofila::clock> time)
{
    const auto executor = co_await asio::this_coro::executor;
    sqlite::connection_options connecting{.path = path, .durability = durability::normal, .clock = time};
    const auto writer = std::make_shared<inline_port>(std::make_unique<sqlite::writing_runner>(connecting, false));
    const auto changes = std::make_shared<sqlite::change_watch>(
        sqlite::change_watch::parts{.path = path, .writer = writer, .clock = time, .executor = executor}
    );
    co_await sqlite::change_watch::start(changes);
    connecting.read_only = true;
    co_return std::make_shared<sqlite::repository>(sqlite::repository::parts{
        .writer = writer,
        .reader = std::make_shared<inline_port>(std::make_unique<sqlite::reading_runner>(connecting)),
        .changes = changes,
        .file = sqlite::store_file{path}
    });
}

asio::awaitable<void> fill(text_queue jobs)
{
    for (int i = 0; i < singly; ++i)
        co_await jobs.add("job", std::string(80, 'x'));
    std::vector<job_spec<std::string>> specs(in_bulk, {.name = "job", .data = std::string(80, 'x')});
    co_await jobs.add_bulk(std::move(specs));
}

asio::awaitable<void> drain(text_queue jobs)
{
    int left = singly + in_bulk;
    worker<std::string, std::string> working{
        jobs,
        [](job<std::string, std::string> one) -> asio::awaitable<std::string> { co_return one.data(); },
        {.concurrency = 10}
    };
    const boost::signals2::scoped_connection counting = jobs.events().completed.connect([&](const auto&) {
        if (--left == 0)
            working.stop();
    });
    co_await working.run();
}

asio::awaitable<int> work()
{
    const temp_folder folder;
    const auto time = std::make_shared<manual_clock>();
    auto repository = co_await open_inline(folder.file("work.db"), time);
    auto engine = co_await engine::open(
        {.maintenance = {}, .clock = time, .random = std::make_shared<fixed_random>(), .repository = repository}
    );
    auto jobs = engine.queue<std::string, std::string>("work");
    co_await fill(jobs);
    co_await drain(jobs);
    const auto counts = co_await jobs.get_job_counts();
    co_await engine.close();
    co_return counts.completed == singly + in_bulk ? 0 : 1;
}

}  // namespace

TEST_CASE("a fixed piece of work") { CHECK(run_main(work()) == 0); }
