// Machines whose clocks are wrong work together by the server's.
#include <cofila/cofila.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <memory>
#include <mutex>
#include <string>

#include "postgres/server_clock.hpp"
#include "support/postgres_schema.hpp"
#include "support/print.hpp"
#include "support/run_coro.hpp"

namespace asio = boost::asio;
using namespace cofila;
using namespace cofila::test;
using namespace std::chrono_literals;

TEST_SUITE_BEGIN("postgres_clock");

namespace {

/// The machine's clock, set wrong.
class wrong_clock final : public cofila::clock {
public:
    explicit wrong_clock(milliseconds by) : by_{by} {}
    time_point wall_now() const override { return right_->wall_now() + by_; }
    steady_time steady_now() const override { return right_->steady_now(); }
    asio::awaitable<void> sleep_until(steady_time until) override { return right_->sleep_until(until); }

private:
    const std::shared_ptr<cofila::clock> right_ = system_clock();
    const milliseconds by_;
};

struct two_machines {
    postgres_schema schema{};

    /// An engine as it is opened on a machine whose clock is wrong.
    engine_options of_machine(milliseconds wrong_by) const
    {
        return {
            .database = postgres_target(),
            .maintenance = maintenance_options{.interval = 20ms},
            .schema = schema.name(),
            .clock = std::make_shared<postgres::server_clock>(std::make_shared<wrong_clock>(wrong_by))
        };
    }
};

}  // namespace

TEST_CASE("PostgreSQL: between machines whose clocks differ by two hours no job starts early, and none stalls")
{
    const two_machines here;
    run_coro([&]() -> asio::awaitable<void> {
        auto ahead = co_await engine::open(here.of_machine(1h));
        auto behind = co_await engine::open(here.of_machine(-1h));
        auto producer = ahead.queue<std::string, std::string>("texts");
        const auto added = co_await producer.add("text", "data", {.delay = 200ms});
        const auto echo = [](job<std::string, std::string> job) -> asio::awaitable<std::string> {
            co_return job.data();
        };
        worker<std::string, std::string> worker{behind.queue<std::string, std::string>("texts"), echo};
        worker.events().job_processed.connect([&](const job_processed_event&) { worker.stop(); });
        co_await worker.run();
        const auto job = co_await producer.get_job(added.id());
        REQUIRE(job.has_value());
        CHECK(job->state() == job_state::completed);
        CHECK(job->stalled_count() == 0);
        const auto waited = *job->processed_at() - job->timestamp();
        CHECK(waited >= 190ms);  // the clocks agree but for a round trip
        CHECK(waited < 1min);
        co_await ahead.close();
        co_await behind.close();
    });
}

TEST_CASE("PostgreSQL: a clock that is wrong by more than a second is logged, once")
{
    const two_machines here;
    std::mutex mutex;
    int lines = 0;
    run_coro([&]() -> asio::awaitable<void> {
        auto options = here.of_machine(-1h);
        options.logger = {.level = log_level::warning, .sink = [&](log_level, std::string_view line) {
                              const std::lock_guard lock{mutex};
                              lines += line.find("ahead of this machine's") != std::string_view::npos ? 1 : 0;
                          }};
        auto made = co_await engine::open(options);
        postgres_schema::link().run("SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity "
                                    "WHERE pid <> pg_backend_pid() AND application_name = 'cofila'");
        auto queue = made.queue<std::string, std::string>("texts");
        co_await queue.add("text", "data");
        co_await made.close();
    });
    CHECK(lines == 1);
}

TEST_SUITE_END();
