// The one file that reads clocks, sets timers and asks for random numbers.
#include <cofila/clock.hpp>
#include <cofila/environment.hpp>
#include <cofila/random_source.hpp>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <random>

namespace cofila {

namespace asio = boost::asio;

namespace {

class machine_clock final : public clock {
public:
    time_point wall_now() const override { return std::chrono::floor<milliseconds>(std::chrono::system_clock::now()); }
    steady_time steady_now() const override { return std::chrono::steady_clock::now(); }
    asio::awaitable<void> sleep_until(steady_time until) override { return sleep(until); }

private:
    static asio::awaitable<void> sleep(steady_time until)
    {
        asio::steady_timer timer{co_await asio::this_coro::executor, until};
        co_await timer.async_wait(asio::use_awaitable);
    }
};

class machine_random final : public random_source {
public:
    machine_random()
    {
        std::random_device device;
        std::seed_seq seed{device(), device(), device(), device(), device(), device(), device(), device()};
        engine_.seed(seed);
    }
    std::uint64_t next() override { return engine_(); }

private:
    std::mt19937_64 engine_{};
};

/// Has no state that threads, or processes after a fork, could share.
class machine_entropy final : public random_source {
public:
    std::uint64_t next() override
    {
        thread_local std::random_device device;
        const std::uint64_t high = device();
        return high << 32 | device();
    }
};

}  // namespace

const environment& environment::system()
{
    static const environment machine{.clock = system_clock(), .random = std::make_shared<machine_entropy>()};
    return machine;
}

std::shared_ptr<clock> system_clock() { return std::make_shared<machine_clock>(); }

std::shared_ptr<random_source> system_random() { return std::make_shared<machine_random>(); }

}  // namespace cofila
