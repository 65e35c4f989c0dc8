#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <memory>

#include "store/loop_spin.hpp"
#include "support/manual_clock.hpp"

namespace asio = boost::asio;
using namespace cofila;
using namespace cofila::test;
using namespace std::chrono_literals;

TEST_SUITE_BEGIN("loop_spin");

namespace {

/// A loop that runs only when a test says so.
struct loop {
    explicit loop(std::chrono::microseconds at_most)
        : spin{std::make_shared<store::loop_spin>(event_loop::at(context.get_executor()), clock, at_most)}
    {}

    /// Does it have something to do each time that it looks?
    bool awake()
    {
        for (int i = 0; i < 100; ++i) {
            context.restart();
            if (context.poll_one() == 0)
                return false;
        }
        return true;
    }
    /// An operation that takes longer than the loop waits for it.
    void miss(milliseconds length)
    {
        spin->submitted();
        clock->advance(length);
        awake();
        spin->answered();
    }

    asio::io_context context{};
    std::shared_ptr<manual_clock> clock = std::make_shared<manual_clock>();
    std::shared_ptr<store::loop_spin> spin;
};

}  // namespace

TEST_CASE("the loop stays awake from a submission to its answer")
{
    loop it{2ms};
    CHECK_FALSE(it.awake());
    it.spin->submitted();
    CHECK(it.awake());
    it.spin->answered();
    CHECK_FALSE(it.awake());
}

TEST_CASE("it stays awake until the last of several is answered")
{
    loop it{2ms};
    it.spin->submitted();
    it.spin->submitted();
    it.spin->answered();
    CHECK(it.awake());
    it.spin->answered();
    CHECK_FALSE(it.awake());
}

TEST_CASE("it goes to sleep when the time is over, answered or not")
{
    loop it{2ms};
    it.spin->submitted();
    it.clock->advance(1ms);
    CHECK(it.awake());
    it.clock->advance(1ms);
    CHECK_FALSE(it.awake());
    it.spin->answered();
    CHECK_FALSE(it.awake());
}

TEST_CASE("each submission begins the time anew")
{
    loop it{2ms};
    it.spin->submitted();
    it.clock->advance(1ms);
    it.spin->submitted();
    it.clock->advance(1ms);
    CHECK(it.awake());
    it.clock->advance(1ms);
    CHECK_FALSE(it.awake());
}

TEST_CASE("a submission after it went to sleep wakes it again")
{
    loop it{2ms};
    it.spin->submitted();
    it.clock->advance(2ms);
    CHECK_FALSE(it.awake());
    it.spin->submitted();
    CHECK(it.awake());
    it.spin->answered();
    it.spin->answered();
    CHECK_FALSE(it.awake());
}

TEST_CASE("other handlers get their turn while it stays awake")
{
    loop it{2ms};
    it.spin->submitted();
    int ran = 0;
    for (int i = 0; i < 3; ++i)
        asio::post(it.context, [&] { ++ran; });
    CHECK(it.awake());
    CHECK(ran == 3);
    it.spin->answered();
    CHECK_FALSE(it.awake());
}

TEST_CASE("several operations make one handler post itself, not one each")
{
    loop it{2ms};
    for (int i = 0; i < 10; ++i)
        it.spin->submitted();
    it.clock->advance(2ms);
    CHECK(it.context.poll() == 1);
    for (int i = 0; i < 10; ++i)
        it.spin->answered();
}

TEST_CASE("with no time to wait it never posts")
{
    loop it{0us};
    for (int i = 0; i < 50; ++i) {
        it.spin->submitted();
        CHECK_FALSE(it.awake());
        it.spin->answered();
        CHECK_FALSE(it.awake());
    }
}

TEST_CASE("after three misses in a row it sleeps at once, and tries again every twentieth time")
{
    loop it{2ms};
    for (int i = 0; i < 3; ++i)
        it.miss(2ms);
    for (int i = 0; i < 19; ++i) {
        it.spin->submitted();
        CHECK_FALSE(it.awake());
        it.spin->answered();
    }
    it.spin->submitted();
    CHECK(it.awake());
    it.spin->answered();
    CHECK_FALSE(it.awake());
    it.spin->submitted();
    CHECK(it.awake());
    it.spin->answered();
    CHECK_FALSE(it.awake());
}

TEST_CASE("a loop that is destroyed while it is awake takes the spin along")
{
    std::weak_ptr<store::loop_spin> seen;
    {
        loop it{2ms};
        seen = it.spin;
        it.spin->submitted();
        CHECK(it.awake());
    }
    CHECK(seen.expired());
}

TEST_SUITE_END();
