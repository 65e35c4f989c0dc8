// The test of an application: its jobs run in memory, and a week passes at once.
#include <cofila/cofila.hpp>
#include <cofila/testing.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/describe/class.hpp>

#include <iostream>
#include <stdexcept>
#include <string>

namespace asio = boost::asio;
using namespace std::chrono_literals;

// The application: an order is confirmed at once, and reminded of after a week where it was not paid.
struct order {
    int number = 0;
    bool paid = false;
};
BOOST_DESCRIBE_STRUCT(order, (), (number, paid))
using orders = cofila::queue<order, void>;

asio::awaitable<void> handle(orders mails, cofila::job<order, void> job)
{
    const auto what = job.data();
    if (job.name() == "confirm" && !what.paid)  // the id: an attempt may be repeated, and still there is one reminder
        co_await mails.add("remind", what, {.id = "remind-" + std::to_string(what.number), .delay = 24h * 7});
    if (job.name() == "confirm" && job.attempts_made() == 0)
        throw std::runtime_error{"the mail server is down"};
}

// Its test.
asio::awaitable<void> an_unpaid_order_is_reminded_of_after_a_week()
{
    auto [clock, engine] = co_await cofila::testing::open_memory_engine();
    const cofila::job_options twice{.attempts = 2, .backoff = cofila::backoff::fixed(1min)};
    auto mails = engine.queue<order, void>("mails", {.defaults = twice});
    co_await mails.add("confirm", {.number = 7});

    const auto before = clock->wall_now();
    const auto report = co_await cofila::testing::run_all(mails, [=](auto job) { return handle(mails, job); });

    const auto reminder = co_await cofila::testing::expect_job(mails, "remind", order{.number = 7});
    if (reminder.finished_at() < before + 24h * 7 || report.failed.size() != 1)
        throw std::runtime_error{"a reminder came too early, or an attempt too many failed"};
    co_await cofila::testing::expect_no_job(mails, "complain");
    co_await engine.close();
}

int main()
{
    cofila::testing::run(an_unpaid_order_is_reminded_of_after_a_week());
    std::cout << "passed\n";
}
