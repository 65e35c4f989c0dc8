#include <boost/asio/awaitable.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/this_coro.hpp>

#include <functional>
#include <string>
#include <vector>

#include "async/task_group.hpp"
#include "contract/contract.hpp"

namespace asio = boost::asio;
using namespace cofila;
using namespace cofila::test;
using namespace std::chrono_literals;

TEST_SUITE_BEGIN("close and watch");

CONTRACT_CASE("after close every call fails, and close itself may be repeated")
{
    const auto job = co_await s.add_active("a");
    co_await s->close();
    co_await s->close();
    const settle_and_claim_request settle{.now = s.now(), .settlements = {s.completion(job)}};
    const std::vector<lock_extension> locks{{.job = claim_of(job), .duration = 1s}};
    const worker_row worker{.id = "w"};
    const sweep_request sweep{.now = s.now()};
    const auto another = s.make("b");
    const job_filter waiting{.state = job_state::waiting};
    const std::vector<int> priorities{0};
    const std::vector<job_ref> held{claim_of(job)};
    std::vector<thrown_error> errors;
    errors.push_back(co_await error_of(s->add({})));
    errors.push_back(co_await error_of(s->add_and_claim(another, s.now(), s.order(1))));
    errors.push_back(co_await error_of(s->settle_and_claim(settle)));
    errors.push_back(co_await error_of(s.extend(locks)));
    errors.push_back(co_await error_of(s->update_progress(claim_of(job), "1")));
    errors.push_back(co_await error_of(s->add_log(claim_of(job), {}, 1)));
    errors.push_back(co_await error_of(s->set_paused(s.queue(), true)));
    errors.push_back(co_await error_of(s.remove("a")));
    errors.push_back(co_await error_of(s.retry("a", {})));
    errors.push_back(co_await error_of(s.change("a", promotion{})));
    errors.push_back(co_await error_of(s->change_all(s.queue(), waiting, {}, removal{}, s.now())));
    errors.push_back(co_await error_of(s->reset_queue(s.queue())));
    errors.push_back(co_await error_of(s->cancellations(held)));
    errors.push_back(co_await error_of(s->update_data(claim_of(job), "1")));
    errors.push_back(co_await error_of(s->counts_by_priority(s.queue(), priorities)));
    errors.push_back(co_await error_of(s->position(s.queue(), "a")));
    errors.push_back(co_await error_of(s->sweep(sweep)));
    errors.push_back(co_await error_of(s->locks()));
    errors.push_back(co_await error_of(s->register_worker(worker)));
    errors.push_back(co_await error_of(s->forget_worker("w")));
    errors.push_back(co_await error_of(s->get(s.queue(), "a")));
    errors.push_back(co_await error_of(s->list(s.queue(), {}, {})));
    errors.push_back(co_await error_of(s->counts(s.queue())));
    errors.push_back(co_await error_of(s->logs(s.queue(), "a", {})));
    errors.push_back(co_await error_of(s->is_paused(s.queue())));
    errors.push_back(co_await error_of(s->tend()));
    errors.push_back(co_await error_of(s->changed_elsewhere()));
    CHECK(errors.size() > 20);
    for (const auto& e : errors)
        CHECK(e.code == errc::closed);
}

CONTRACT_CASE("a store that nobody touched is in good condition")
{
    co_await s.add("a");
    const auto status = co_await s->tend();
    CHECK_FALSE(status.lost);
    CHECK(status.warnings.empty());
}

CONTRACT_CASE("tending changes no job")
{
    const auto job = co_await s.add_active("a");
    co_await s.add("b");
    co_await s->tend();
    const auto order = co_await s.list({});
    CHECK(order == std::vector<std::string>{"a", "b"});
    const auto answer = co_await s.settle(s.completion(job));
    CHECK(answer == settled::accepted);
}

CONTRACT_CASE("a wait for changes elsewhere ends when it is cancelled, and the store goes on")
{
    const auto executor = co_await asio::this_coro::executor;
    boost::system::error_code ended;
    // It may complete early, any number of times.
    const auto wait = [](subject q, boost::system::error_code& code) -> asio::awaitable<void> {
        while (!code)
            code = (co_await error_of(q->changed_elsewhere())).code;
    };
    for (int i = 0; i < 2; ++i) {
        ended = {};
        task_group group{executor};
        group.spawn(wait(s, ended));
        co_await s.add(std::to_string(i));
        CHECK_FALSE(ended);
        group.cancel();
        co_await group.join();
        CHECK(ended == asio::error::operation_aborted);
    }
    const auto counts = co_await s.counts();
    CHECK(counts == job_counts{.waiting = 2});
}

TEST_SUITE_END();
