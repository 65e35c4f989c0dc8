// A fixed piece of work whose instructions are counted (see check.py): nothing in it depends on time or chance.
#include <cofila/cofila.hpp>

#include <boost/signals2/connection.hpp>

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

#include "support/fixed_random.hpp"
#include "support/inline_repository.hpp"
#include "support/manual_clock.hpp"
#include "support/temp_folder.hpp"

namespace asio = boost::asio;
using namespace cofila;
using namespace cofila::test;

namespace {

constexpr int singly = 1000;
constexpr int in_bulk = 1000;

using text_queue = queue<std::string, std::string>;

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
