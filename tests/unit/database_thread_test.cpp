#include <boost/asio/io_context.hpp>

#include <doctest/doctest.h>
#include <sqlite3.h>

#include <chrono>
#include <future>
#include <memory>
#include <utility>

#include "sqlite/database_thread.hpp"
#include "support/manual_clock.hpp"

namespace asio = boost::asio;
using namespace cofila;
using namespace cofila::test;
using namespace std::chrono_literals;

TEST_SUITE_BEGIN("database_thread");

namespace {

/// While it lives, SQLite's file layer counts the pauses it is asked for instead of making them.
class counted_pauses {
public:
    counted_pauses() : files_{sqlite3_vfs_find(nullptr)}, pause_{files_->xSleep}
    {
        count_ = 0;
        files_->xSleep = [](sqlite3_vfs*, int) { return ++count_; };
    }
    counted_pauses(const counted_pauses&) = delete;
    counted_pauses& operator=(const counted_pauses&) = delete;
    ~counted_pauses() { files_->xSleep = pause_; }

    int count() const { return count_; }

private:
    inline static int count_ = 0;  // by the one thread, which has been joined when it is read
    sqlite3_vfs* const files_;
    int (*const pause_)(sqlite3_vfs*, int);
};

/// Its answer is posted to a loop that nobody runs.
struct nothing final : sqlite::operation {
    explicit nothing(asio::io_context& loop) : operation{kind::observe, loop.get_executor()} {}
    void run(sqlite::session&) override {}
    void answer() override {}
};

/// Each step takes its time, and before it ends the next piece of work has come in; until there were enough steps.
class busy_runner final : public sqlite::batch_runner {
public:
    struct script {
        std::shared_ptr<manual_clock> clock{};
        milliseconds step{};
        int steps = 0;
        sqlite::database_port* port = nullptr;
        asio::io_context loop{};
        std::promise<void> over{};
    };

    explicit busy_runner(script& with) : with_{with} {}

    std::size_t run(std::span<sqlite::operation_ptr> waiting) override
    {
        with_.clock->advance(with_.step);
        if (--with_.steps > 0)
            with_.port->submit(std::make_unique<nothing>(with_.loop));
        else
            with_.over.set_value();
        return waiting.size();
    }

private:
    script& with_;
};

int pauses(milliseconds step, int steps)
{
    busy_runner::script script{.clock = std::make_shared<manual_clock>(), .step = step, .steps = steps};
    const counted_pauses seen;
    sqlite::database_thread thread{
        {.loop = event_loop::at(script.loop.get_executor()),
         .clock = script.clock,
         .hurry = std::make_shared<std::atomic<bool>>(false)},
        [&] { return std::make_unique<busy_runner>(script); }
    };
    script.port = &thread;
    thread.submit(std::make_unique<nothing>(script.loop));
    script.over.get_future().wait();
    thread.stop();
    return seen.count();
}

}  // namespace

TEST_CASE("a thread that is never out of work gives others a gap every 5 ms")
{
    CHECK(pauses(1ms, 20) == 4);
    CHECK(pauses(2ms, 9) == 3);
    CHECK(pauses(5ms, 3) == 3);
}

TEST_CASE("a thread that was busy for less gives no gap") { CHECK(pauses(1ms, 4) == 0); }

TEST_SUITE_END();
