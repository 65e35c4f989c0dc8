#include <doctest/doctest.h>
#include <poll.h>
#include <signal.h>

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "campaign.hpp"
#include "site.hpp"
#include "support/job_rows.hpp"

namespace asio = boost::asio;
using namespace cofila;
using test::child_process;
using test::site;
using test::text_queue;

TEST_SUITE_BEGIN("poison");

namespace {

constexpr std::array poisons{"abort", "null", "exit", "overflow"};

/// Keeps a fixed number of workers running, as a service manager does, until nothing is left to do.
class supervisor {
public:
    supervisor(const site& here, std::size_t workers) : here_{here}, workers_(workers)
    {
        for (auto& worker : workers_)
            worker = start();
    }

    /// How many had to be started again.
    int run()
    {
        while (here_.ask("SELECT (SELECT count(*) FROM cofila_jobs) - (SELECT count(*) FROM cofila_finished)") > 0)
            look_after();
        for (auto& worker : workers_) {
            worker->send(SIGTERM);
            worker->read_rest();
            const int code = worker->wait();
            deaths_ += code != 0 && code != 128 + SIGTERM;  // the latter: it had not begun to listen
        }
        return deaths_;
    }

private:
    std::unique_ptr<child_process> start() const { return std::make_unique<child_process>(here_.as("obey", {"1"})); }

    void look_after()
    {
        std::vector<pollfd> ready;
        for (const auto& worker : workers_)
            ready.push_back({.fd = worker->output(), .events = POLLIN, .revents = 0});
        ::poll(ready.data(), ready.size(), 20);
        for (auto& worker : workers_) {
            worker->take_lines();
            if (!worker->ended())
                continue;
            worker->wait();
            worker = start();
            ++deaths_;
        }
    }

    const site& here_;
    std::vector<std::unique_ptr<child_process>> workers_;
    int deaths_ = 0;
};

void add_jobs(const site& here, int others, int poisons_each)
{
    here.with_queue([=](text_queue queue) -> asio::awaitable<void> {
        for (int number = 0; number < poisons_each; ++number)
            for (const std::string name : poisons)
                co_await queue.add(name, "text", {.id = job_id{name + "-" + std::to_string(number)}});
        for (int number = 0; number < others; ++number)
            co_await queue.add("text", "text", {.id = job_id{"other-" + std::to_string(number)}});
    });
}

}  // namespace

TEST_CASE("F07-F09: a job that kills its process each time fails after one rescue more than allowed; the others go on")
{
    const site here;
    const int each = test::amount("COFILA_POISONS", 3, 100);
    const int others = 30 * each;
    add_jobs(here, others, each);
    const int deaths = supervisor{here, 3}.run();
    const int all = each * static_cast<int>(poisons.size());
    test::figure(
        "poison: " + std::to_string(all) + " jobs that abort, read nothing, exit or overflow the stack took " +
        std::to_string(deaths) + " of 3 workers' processes along (2 each); " + std::to_string(others) +
        " others completed"
    );
    CHECK(deaths == 2 * all);  // max_stalled_count is 1
    CHECK(
        here.ask(test::with_jobs(
            "SELECT count(*) FROM jobs WHERE id NOT LIKE 'other-%' AND state = 5 AND stalled_count = 2 AND "
            "attempts_started = 2 AND attempts_made = 0 AND failed_reason = 'job stalled more than allowable limit'"
        )) == all
    );
    CHECK(
        here.ask(
            test::with_jobs("SELECT count(*) FROM jobs WHERE id LIKE 'other-%' AND state = 4 AND attempts_started = 1")
        ) == others
    );
}

TEST_SUITE_END();
