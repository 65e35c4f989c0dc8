#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/this_coro.hpp>

#include <string>

#include "closing.hpp"
#include "recorder.hpp"
#include "ward.hpp"

using namespace cofila;
using namespace cofila::test;

TEST_SUITE_BEGIN("worker: one attempt after another in a slot");

namespace {

using int_job = job<int, int>;

}  // namespace

QUEUE_CASE("a cancellation that comes when the processor has just ended does not reach the next job of its slot")
{
    ward here{a};
    shift worker{queue, here.processor_of(), {.prefetch = 1}};
    co_await add_numbered(queue, 2);
    co_await settle();
    CHECK(here.started == lines{"0"});
    here.out("0").open();
    worker.cancel_job("0", "no more");
    co_await settle();
    CHECK((co_await stored(a, "q", "0")).failed_reason == "cancelled: no more");
    CHECK(here.started == lines{"0", "1"});
    CHECK(here.inside == 1);
    here.out("1").open();
    co_await settle();
    CHECK((co_await stored(a, "q", "1")).state == job_state::completed);
    co_await worker.finish();
}

QUEUE_CASE("how a processor wants to be cancelled is forgotten with its end")
{
    door out{a.executor};
    int aborted = 0;
    const auto act = [&](int_job job) -> asio::awaitable<int> {
        if (job.id() == "0") {
            co_await asio::this_coro::throw_if_cancelled(false);
            co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
            co_return 1;
        }
        CHECK(co_await asio::this_coro::throw_if_cancelled());
        const auto e = co_await error_of(out.pass());
        aborted += e.code == asio::error::operation_aborted ? 1 : 0;
        co_return 2;
    };
    shift worker{queue, act};
    co_await add_numbered(queue, 2);
    co_await settle();
    worker.cancel_job("1", "no more");
    co_await settle();
    CHECK(aborted == 1);
    CHECK((co_await stored(a, "q", "0")).state == job_state::completed);
    CHECK((co_await stored(a, "q", "1")).state == job_state::failed);
    co_await worker.finish();
}

QUEUE_CASE("jobs that are at hand do not keep the loop: between two of them it does other things")
{
    int ended = 0;
    int seen = 0;
    const auto act = [&](int_job job) -> asio::awaitable<int> {
        if (job.id() == "0")
            asio::post(a.executor, [&] { seen = ended; });
        ++ended;
        co_return 1;
    };
    shift worker{queue, act, {.prefetch = 9}};
    co_await add_numbered(queue, 10);
    co_await settle();
    CHECK(ended == 10);
    CHECK(seen == 1);
    co_await worker.finish();
}

QUEUE_CASE("more slots than before are filled at once with jobs that were claimed ahead")
{
    ward here{a};
    shift worker{queue, here.processor_of(), {.prefetch = 3}};
    co_await add_numbered(queue, 4);
    co_await settle();
    CHECK(here.inside == 1);
    worker.concurrency(3);
    co_await settle();
    CHECK(here.inside == 3);
    here.let_out_all(4);
    co_await settle();
    CHECK(here.started.size() == 4);
    co_await worker.finish();
}
