// Calls that are cancelled from another executor than the engine's.
#include <cofila/cofila.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_future.hpp>

#include <doctest/doctest.h>

#include "integration/threads.hpp"
#include "support/error_of.hpp"
#include "support/print.hpp"
#include "support/temp_folder.hpp"

namespace asio = boost::asio;
using namespace cofila;
using namespace cofila::test;
using namespace std::chrono_literals;

TEST_SUITE_BEGIN("threads");

TEST_CASE("a cancellation on another executor ends what waits on the engine's, and nothing is lost by it")
{
    const temp_folder folder;
    running_context home{1};
    running_context other{1};
    const auto there = other.context.get_executor();
    auto engine = get(home.context.get_executor(), engine::open(on(folder.file("jobs.db"))));
    auto jobs = engine.queue<int, int>("q");
    get(there, jobs.set_event_log(10));
    const auto job = get(there, jobs.add("job", 1, {.delay = 1h}));
    const auto stream = jobs.stream({.after = 1});
    number_worker worker{jobs, echo};

    asio::cancellation_signal signal;
    const auto cancelled = [&]<class T>(asio::awaitable<T> call) {
        auto ended =
            asio::co_spawn(there, std::move(call), asio::bind_cancellation_slot(signal.slot(), asio::use_future));
        const auto emitted =
            asio::post(there, asio::use_future([&] { signal.emit(asio::cancellation_type::terminal); }));
        auto out = ended.get();
        emitted.wait();  // the signal is used again
        return out;
    };
    const auto aborted = make_error_code(asio::error::operation_aborted);
    CHECK(cancelled(error_of(job.wait_until_finished(1h))).code == aborted);
    CHECK(cancelled(error_of(stream.next())).code == aborted);
    CHECK(cancelled(error_of(jobs.fetch_next_and_lock({.wait = 1h}))).code == aborted);
    CHECK(cancelled(worker.run()).finished.empty());
    get(there, job.promote());
    CHECK(get(there, stream.next()).event.sequence == 2);
    get(there, engine.close());
}

TEST_CASE("a caller that is cancelled while it claims gives the jobs back, and no attempt is counted")
{
    constexpr int times = 100;
    const temp_folder folder;
    running_context home{1};
    running_context other{1};
    const auto executor = home.context.get_executor();
    auto engine = get(executor, engine::open(on(folder.file("jobs.db"))));
    auto jobs = engine.queue<int, int>("q");
    get(executor, jobs.add_bulk(numbers(2 * times)));
    int taken = 0;  // by callers whose cancellation came too late
    for (const auto& where : {executor, other.context.get_executor()}) {
        int aborted = 0;
        for (int i = 0; i < times; ++i) {
            asio::cancellation_signal signal;
            auto ended = asio::co_spawn(
                where,
                error_of(jobs.fetch_next_and_lock({})),
                asio::bind_cancellation_slot(signal.slot(), asio::use_future)
            );
            const auto emitted =
                asio::post(where, asio::use_future([&] { signal.emit(asio::cancellation_type::terminal); }));
            const auto code = ended.get().code;
            emitted.wait();  // the call may end before that
            ++(code == make_error_code(asio::error::operation_aborted) ? aborted : taken);
            const auto counts = get(executor, jobs.get_job_counts());
            CHECK(counts.active == taken);
            CHECK(counts.waiting == 2 * times - taken);
        }
        CHECK(aborted > 0);
    }
    for (const auto& job : get(executor, jobs.get_jobs({.state = job_state::waiting}, {.limit = 2 * times})).items)
        CHECK(job.attempts_made() == 0);
    get(executor, engine.close());
}

TEST_SUITE_END();
