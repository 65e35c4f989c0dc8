#include <string>
#include <vector>

#include "app.hpp"
#include "manual.hpp"
#include "recorder.hpp"

using namespace cofila;
using namespace cofila::test;

TEST_SUITE_BEGIN("queue: processing by hand");

QUEUE_CASE("a claim locks the best jobs, at most as many as asked for")
{
    for (const auto* id : {"a", "b", "c"})
        co_await queue.add("x", 1, {.id = id});
    a.clock->advance(5ms);
    claim_request request{.worker_id = "hand", .lock_duration = 10s, .limit = 2};
    auto taken = co_await queue.fetch_next_and_lock(request);
    REQUIRE(taken.size() == 2);
    CHECK(taken[0].job.id() == "a");
    CHECK(taken[1].job.id() == "b");
    CHECK(taken[0].claim.id == "a");
    CHECK(taken[0].claim.token.size() == 32);
    CHECK(taken[0].claim.token != taken[1].claim.token);
    CHECK(taken[0].job.state() == job_state::active);
    CHECK(taken[0].job.attempts_started() == 1);
    CHECK(taken[0].job.attempts_made() == 0);
    CHECK(taken[0].job.processed_at() == a.at(5ms));
    const auto job = co_await stored(a, "q", "a");
    CHECK(job.worker == "hand");
    CHECK(job.locked_until == a.at(10'005ms));
    CHECK(job.lock_duration == 10s);
    taken = co_await queue.fetch_next_and_lock(request);
    CHECK(taken.size() == 1);
    taken = co_await queue.fetch_next_and_lock(request);
    CHECK(taken.empty());
}

QUEUE_CASE("a claim promotes delayed jobs that are due, and none before")
{
    co_await queue.add("x", 1, {.id = "a", .delay = 1s});
    recorder events{queue.events()};
    a.clock->advance(999ms);
    auto taken = co_await queue.fetch_next_and_lock({});
    CHECK(taken.empty());
    a.clock->advance(1ms);
    taken = co_await queue.fetch_next_and_lock({});
    CHECK(taken.size() == 1);
    co_await settle();
    CHECK(events.take() == lines{"waiting a from delayed", "active a"});
}

QUEUE_CASE("complete stores the result and lets go of the lock")
{
    co_await queue.add("x", 1, {.id = "a"});
    recorder events{queue.events()};
    auto taken = co_await take_one(queue);
    a.clock->advance(7ms);
    co_await queue.complete(taken.claim, 42);
    const auto job = co_await stored(a, "q", "a");
    CHECK(job.state == job_state::completed);
    CHECK(job.result == "42");
    CHECK(job.attempts_made == 1);
    CHECK(job.attempts_started == 1);
    CHECK(job.finished_at == a.at(7ms));
    CHECK_FALSE(job.locked_until);
    co_await settle();
    CHECK(events.take() == lines{"active a", "completed a 42"});
}

QUEUE_CASE("complete removes a job whose retention says so, with one event for it")
{
    co_await queue.add("x", 1, {.id = "a", .on_completed = retention::remove_at_once()});
    recorder events{queue.events()};
    auto taken = co_await take_one(queue);
    co_await queue.complete(taken.claim, 42);
    const auto found = co_await queue.get_job("a");
    CHECK_FALSE(found);
    co_await settle();
    CHECK(events.take() == lines{"active a", "completed a 42", "removed a"});
    const auto e = co_await error_of(queue.complete(taken.claim, 42));
    CHECK(e.code == errc::lock_lost);
}

QUEUE_CASE("fail makes another attempt due by the backoff, and after the last one the job has failed")
{
    co_await queue.add("x", 1, {.id = "a", .attempts = 3, .backoff = backoff::exponential(100ms)});
    recorder events{queue.events()};
    for (const int attempt : {1, 2, 3}) {
        auto taken = co_await take_one(queue);
        CHECK(taken.job.attempts_started() == attempt);
        failure why{.message = "boom " + std::to_string(attempt), .type = "t", .detail = "d"};
        co_await queue.fail(taken.claim, std::move(why));
        const auto job = co_await stored(a, "q", "a");
        CHECK(job.attempts_made == attempt);
        REQUIRE(job.attempts.size() == static_cast<std::size_t>(attempt));
        CHECK(job.attempts.back().error.message == "boom " + std::to_string(attempt));
        CHECK(job.attempts.back().number == attempt);
        if (attempt < 3) {
            CHECK(job.state == job_state::delayed);
            CHECK(job.failed_reason == "boom " + std::to_string(attempt));
            CHECK(job.run_at == a.clock->wall_now() + attempt * 100ms);
            a.clock->advance(attempt * 100ms);
        } else {
            CHECK(job.state == job_state::failed);
            CHECK(job.failed_reason == "boom 3");
            CHECK(job.finished_at == a.at(300ms));
        }
    }
    co_await settle();
    CHECK(
        events.take() ==
        lines{
            "active a",
            "retrying a after 100 made 1 boom 1",
            "waiting a from delayed",
            "active a",
            "retrying a after 200 made 2 boom 2",
            "waiting a from delayed",
            "active a",
            "failed a boom 3",
            "retries_exhausted a 3"
        }
    );
}

QUEUE_CASE("an unrecoverable failure ends the job whatever attempts are left, and none were used up")
{
    co_await queue.add("x", 1, {.id = "a", .attempts = 3});
    recorder events{queue.events()};
    auto taken = co_await take_one(queue);
    failure why{.message = "no use", .unrecoverable = true};
    co_await queue.fail(taken.claim, std::move(why));
    const auto job = co_await stored(a, "q", "a");
    CHECK(job.state == job_state::failed);
    CHECK(job.attempts_made == 1);
    co_await settle();
    CHECK(events.take() == lines{"active a", "failed a no use"});
}

QUEUE_CASE("a request to claim that is out of range is refused by the name of its field")
{
    struct refusal {
        std::string field;
        claim_request request;
    };
    const refusal cases[] = {
        {"limit", {.limit = 0}},
        {"limit", {.limit = 10'001}},
        {"lock_duration", {.lock_duration = 0ms}},
        {"lock_duration", {.lock_duration = milliseconds::max()}},
        {"worker_id", {.worker_id = std::string(201, 'w')}},
    };
    for (const auto& c : cases) {
        INFO(c.field);
        const auto e = co_await error_of(queue.fetch_next_and_lock(c.request));
        CHECK(e.code == errc::invalid_argument);
        CHECK(e.field == c.field);
    }
    claim_request most{.worker_id = std::string(200, 'w'), .lock_duration = 366 * 24h, .limit = 10'000};
    const auto taken = co_await queue.fetch_next_and_lock(std::move(most));
    CHECK(taken.empty());
    CHECK(a.store->claims() == 1);
}

QUEUE_CASE("F75: a failure's text is cut where it is too long and repaired where it is no UTF-8")
{
    co_await queue.add("x", 1, {.id = "a"});
    auto taken = co_await take_one(queue);
    failure why{.message = std::string(10 << 20, 'm'), .type = "t\xFF", .detail = std::string(1 << 20, 'd')};
    co_await queue.fail(taken.claim, std::move(why));
    const auto job = co_await stored(a, "q", "a");
    CHECK(job.state == job_state::failed);
    CHECK(job.failed_reason.size() == 65'536);
    CHECK(job.failed_reason.ends_with("m [cut]"));
    REQUIRE(job.attempts.size() == 1);
    CHECK(job.attempts[0].error.message == job.failed_reason);
    CHECK(job.attempts[0].error.type == "t\xEF\xBF\xBD");
    CHECK(job.attempts[0].error.detail.size() == 65'536);
}

QUEUE_CASE("an active job's progress and log are written by its holder alone")
{
    const auto job = co_await queue.add("x", 1, {.id = "a"});
    co_await job.log("while waiting");
    auto taken = co_await take_one(queue);
    recorder events{queue.events()};
    const auto from_outside = co_await error_of(job.update_progress(1));
    CHECK(from_outside.code == errc::lock_lost);
    CHECK(from_outside.text.find("job 'a' is locked by another or has been removed") == 0);
    co_await taken.job.update_progress(2);
    co_await taken.job.log("while active");
    CHECK(taken.job.progress() == 2);
    co_await queue.complete(taken.claim, 1);
    co_await job.log("afterwards");
    co_await settle();
    CHECK(events.take() == lines{"progress a 2", "log a while active", "completed a 1", "log a afterwards"});
    co_await queue.remove("a");
    const auto gone = co_await error_of(job.log("too late"));
    CHECK(gone.code == errc::lock_lost);
}

TEST_SUITE_END();
