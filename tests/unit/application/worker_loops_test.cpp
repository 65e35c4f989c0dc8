// What escapes from one of a worker's loops ends the worker at once, in order, and is seen.
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "app.hpp"
#include "recorder.hpp"

using namespace cofila;
using namespace cofila::test;

TEST_SUITE_BEGIN("worker: loops");

namespace {

/// The clock of the test, which has no timer for one date.
class failing_clock final : public clock {
public:
    explicit failing_clock(std::shared_ptr<clock> inner) : inner_{std::move(inner)} {}

    time_point wall_now() const override { return inner_->wall_now(); }
    steady_time steady_now() const override { return inner_->steady_now(); }
    asio::awaitable<void> sleep_until(steady_time until) override
    {
        if (until == broken_at)
            throw std::runtime_error{"no timer left"};
        return inner_->sleep_until(until);
    }

    std::optional<steady_time> broken_at{};

private:
    const std::shared_ptr<clock> inner_;
};

/// An engine on the parts of `a`, with a clock and a sink that can fail.
struct failing_app {
    explicit failing_app(app& a) : time{std::make_shared<failing_clock>(a.clock)} {}

    asio::awaitable<engine> open(app& a)
    {
        auto options = a.options();
        options.clock = time;
        options.logger = {.level = log_level::warning, .sink = [this](log_level level, std::string_view line) {
                              if (line.find("unspeakable") != line.npos)
                                  throw std::runtime_error{"no words"};
                              log.push_back(std::string{to_string(level)} + " " + std::string{line});
                          }};
        return engine::open(std::move(options));
    }

    std::shared_ptr<failing_clock> time;
    lines log{};
};

asio::awaitable<job_state> state_of(app& a, std::string id)
{
    const auto job = co_await stored(a, "q", id);
    co_return job.state;
}

template <class Worker>
asio::awaitable<std::string> thrown_by(Worker& worker)
{
    try {
        (void)co_await worker.join();
    } catch (const std::runtime_error& e) {
        co_return e.what();
    }
    co_return "nothing";
}

}  // namespace

APP_CASE(
    "an error of the renewals is told at once, nothing more is claimed, and run() throws it when what runs has ended"
)
{
    failing_app failing{a};
    const auto engine = co_await failing.open(a);
    auto queue = engine.queue<int, int>("q");
    co_await queue.add("x", 1, {.id = "a"});
    co_await queue.add("x", 1, {.id = "b"});
    door exit{a.executor};
    const auto wait = [&](job<int, int>) -> asio::awaitable<int> {
        co_await exit.pass();
        co_return 1;
    };
    failing.time->broken_at = a.clock->steady_now() + 15s;  // when the lock of the first job is to be renewed
    recorder own;
    shift worker{own, queue, wait, {.lock_duration = 30s, .lock_renew_buffer = 15s, .grace = 8s}};
    co_await settle();
    CHECK(
        failing.log ==
        lines{
            "error worker '" + worker.id() + "' of queue 'q' closes because of an error: no timer left",
            "warning no timer left"
        }
    );
    CHECK(own.take() == lines{"ready", "job_active a x 1", "error no timer left", "closing"});
    CHECK_FALSE(worker.ended());
    exit.open();
    co_await settle();
    CHECK(worker.ended());
    CHECK(a.elapsed() == 0ms);
    const auto thrown = co_await thrown_by(worker);
    CHECK(thrown == "no timer left");
    auto state = co_await state_of(a, "a");
    CHECK(state == job_state::completed);
    state = co_await state_of(a, "b");
    CHECK(state == job_state::waiting);
}

APP_CASE("after an error of a loop what does not end is cancelled by the grace, and its job waits again")
{
    failing_app failing{a};
    const auto engine = co_await failing.open(a);
    auto queue = engine.queue<int, int>("q");
    co_await queue.add("x", 1, {.id = "a"});
    door never{a.executor};
    const auto wait = [&](job<int, int>) -> asio::awaitable<int> {
        co_await never.pass();
        co_return 1;
    };
    failing.time->broken_at = a.clock->steady_now() + 30s;  // when the lock ends
    shift worker{queue, wait, {.lock_duration = 30s, .grace = 2s}};
    co_await a.clock->pass(1'999ms);
    CHECK_FALSE(worker.ended());
    co_await a.clock->pass(1ms);
    CHECK(worker.ended());
    const auto thrown = co_await thrown_by(worker);
    CHECK(thrown == "no timer left");
    const auto state = co_await state_of(a, "a");
    CHECK(state == job_state::waiting);
}

APP_CASE("an error while the store's news are told ends the worker, be there one question under way or two")
{
    for (const int slots : {1, 60}) {
        failing_app failing{a};
        const auto engine = co_await failing.open(a);
        auto queue = engine.queue<int, int>("q" + std::to_string(slots));
        const auto fail = [](job<int, int>) -> asio::awaitable<int> {
            throw std::runtime_error{"unspeakable"};
            co_return 1;
        };
        shift worker{queue, fail, {.concurrency = slots}};
        co_await settle();
        co_await queue.add("x", 1, {.id = "a"});
        co_await settle();
        CHECK(worker.ended());
        const auto thrown = co_await thrown_by(worker);
        CHECK(thrown == "no words");
        REQUIRE(!failing.log.empty());
        CHECK(
            failing.log[0] ==
            "error worker '" + worker.id() + "' of queue '" + queue.name() + "' closes because of an error: no words"
        );
    }
}

APP_CASE("a shutdown that fails gives up what does not end, and run() throws its error")
{
    failing_app failing{a};
    const auto engine = co_await failing.open(a);
    auto queue = engine.queue<int, int>("q");
    co_await queue.add("x", 1, {.id = "a"});
    door exit{a.executor};
    const auto wait = [&](job<int, int>) -> asio::awaitable<int> {
        co_await exit.pass_stubbornly();
        co_return 1;
    };
    shift worker{queue, wait, {.grace = 2s}};
    co_await settle();
    failing.time->broken_at = a.clock->steady_now() + 2s;  // the end of the grace
    worker.stop();
    co_await settle();
    CHECK(worker.ended());
    const auto thrown = co_await thrown_by(worker);
    CHECK(thrown == "no timer left");
    exit.open();
    co_await settle();
}

TEST_SUITE_END();
