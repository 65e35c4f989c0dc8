#include <boost/asio/io_context.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <future>
#include <memory>
#include <thread>
#include <utility>

#include "store/database_thread.hpp"
#include "support/manual_clock.hpp"

namespace asio = boost::asio;
using namespace cofila;
using namespace cofila::test;
using namespace std::chrono_literals;

TEST_SUITE_BEGIN("database_thread");

namespace {

/// Its answer is posted to a loop that nobody runs.
struct nothing final : store::operation {
    explicit nothing(asio::io_context& loop) : operation{kind::observe, loop.get_executor()} {}
    void run(store::tables&) override {}
    void answer() override {}
};

/// Each step takes its time, and before it ends the next piece of work has come in; until there were enough steps.
class busy_runner final : public store::batch_runner {
public:
    struct script {
        std::shared_ptr<manual_clock> clock{};
        milliseconds step{};
        int steps = 0;
        int gaps = 0;
        store::database_port* port = nullptr;
        asio::io_context loop{};
        std::promise<void> over{};
    };

    explicit busy_runner(script& with) : with_{with} {}

    std::size_t run(std::span<store::operation_ptr> waiting) override
    {
        with_.clock->advance(with_.step);
        if (--with_.steps > 0)
            with_.port->submit(std::make_unique<nothing>(with_.loop));
        else
            with_.over.set_value();
        return waiting.size();
    }
    bool run_at_once(store::operation&) override { return false; }
    void give_way() override { ++with_.gaps; }

private:
    script& with_;
};

int gaps(milliseconds step, int steps)
{
    busy_runner::script script{.clock = std::make_shared<manual_clock>(), .step = step, .steps = steps};
    store::database_thread thread{
        {.loop = event_loop::at(script.loop.get_executor()),
         .clock = script.clock,
         .hurry = std::make_shared<std::atomic<bool>>(false)},
        [&] { return std::make_unique<busy_runner>(script); }
    };
    script.port = &thread;
    thread.submit(std::make_unique<nothing>(script.loop));
    script.over.get_future().wait();
    thread.stop();
    return script.gaps;  // the thread has been joined
}

}  // namespace

TEST_CASE("a thread that is never out of work gives others a gap every 5 ms")
{
    CHECK(gaps(1ms, 20) == 4);
    CHECK(gaps(2ms, 9) == 3);
    CHECK(gaps(5ms, 3) == 3);
}

TEST_CASE("a thread that was busy for less gives no gap") { CHECK(gaps(1ms, 4) == 0); }

namespace {

/// Adds up who runs what.
class noting_runner final : public store::batch_runner {
public:
    struct notes {
        bool at_once = true;  ///< What it says when asked to run an operation at once.
        int batched = 0;      ///< Operations, by the thread that owns it.
        int here = 0;         ///< Operations, by the one that submits them.
        std::thread::id last{};
    };

    explicit noting_runner(notes& into) : into_{into} {}

    std::size_t run(std::span<store::operation_ptr> waiting) override
    {
        into_.batched += static_cast<int>(waiting.size());
        return waiting.size();
    }
    bool run_at_once(store::operation&) override
    {
        into_.last = std::this_thread::get_id();
        into_.here += into_.at_once ? 1 : 0;
        return into_.at_once;
    }
    void give_way() override {}

private:
    notes& into_;
};

struct counted final : store::operation {
    counted(asio::io_context& loop, int& answers, bool is_short)
        : operation{kind::write, loop.get_executor()},
          answers_{answers},
          is_short_{is_short}
    {}
    bool is_short() const override { return is_short_; }
    void run(store::tables&) override {}
    void answer() override { ++answers_; }

private:
    int& answers_;
    const bool is_short_;
};

/// A thread, and the loop that submits to it.
struct lender {
    explicit lender(bool lends)
        : thread{
              {.loop = event_loop::at(loop.get_executor()),
               .clock = std::make_shared<manual_clock>(),
               .lends = lends,
               .hurry = std::make_shared<std::atomic<bool>>(false)},
              [this] { return std::make_unique<noting_runner>(notes); }
          }
    {}

    void submit(bool is_short = true) { thread.submit(std::make_unique<counted>(loop, answers, is_short)); }
    /// Runs the loop until everything is answered.
    void settle()
    {
        loop.restart();
        loop.run();
    }
    /// Submits until one has been run here: then the thread is at rest.
    void until_it_rests()
    {
        while (notes.here == 0) {
            submit();
            settle();
        }
    }

    asio::io_context loop{};
    noting_runner::notes notes{};
    int answers = 0;
    store::database_thread thread;
};

}  // namespace

TEST_CASE("a short operation that is alone runs on the thread that submits it, and is answered later")
{
    lender it{true};
    it.until_it_rests();
    CHECK(it.notes.last == std::this_thread::get_id());
    const int before = it.answers;
    it.submit();
    CHECK(it.notes.here == 2);
    CHECK(it.answers == before);
    it.settle();
    CHECK(it.answers == before + 1);
}

TEST_CASE("an operation that is not short, or not alone, is for the database thread")
{
    lender it{true};
    it.until_it_rests();
    it.submit();
    it.submit();  // the first is not answered yet
    it.settle();
    CHECK(it.notes.here == 2);
    it.submit(false);
    it.settle();
    CHECK(it.notes.here == 2);
    it.thread.stop();
    CHECK(it.notes.batched + it.notes.here == it.answers);
}

TEST_CASE("what cannot be done at once is done by the database thread")
{
    lender it{true};
    it.until_it_rests();
    it.notes.at_once = false;
    const int before = it.answers;
    for (int i = 0; i < 50; ++i) {
        it.submit();
        it.settle();
    }
    it.thread.stop();
    CHECK(it.answers == before + 50);
    CHECK(it.notes.here == 1);
    CHECK(it.notes.batched + it.notes.here == it.answers);
}

TEST_CASE("a thread that does not lend does everything")
{
    lender it{false};
    for (int i = 0; i < 50; ++i) {
        it.submit();
        it.settle();
    }
    it.thread.stop();
    CHECK(it.notes.batched == 50);
}

TEST_CASE("after the stop nothing runs here")
{
    lender it{true};
    it.until_it_rests();
    it.thread.stop();
    it.submit();
    it.settle();
    CHECK(it.notes.here == 1);
}

TEST_SUITE_END();
