#include <cofila/cofila.hpp>
#include <cofila/sqlite.hpp>

#include <SQLiteCpp/SQLiteCpp.h>
#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <functional>
#include <string>
#include <vector>

#include "integration/shared_file.hpp"
#include "support/child_process.hpp"
#include "support/run_coro.hpp"
#include "support/temp_folder.hpp"

namespace asio = boost::asio;
using namespace cofila;
using namespace std::chrono_literals;
using test::child_process;
using test::text_queue;

TEST_SUITE_BEGIN("processes");

namespace {

struct site {
    test::temp_folder folder{};
    const std::string database = folder.file("texts.db");

    std::vector<std::string> child(const std::string& what) const
    {
        return {test::program("COFILA_TEST_CHILD"), what, database};
    }

    /// Opens the file in this process too, without maintenance, so that only the children sweep.
    void with_queue(std::function<asio::awaitable<void>(text_queue)> use) const
    {
        test::run_coro([this, &use]() -> asio::awaitable<void> {
            auto engine = co_await engine::open({.database = database, .maintenance = std::nullopt});
            co_await use(engine.queue<std::string, std::string>("texts"));
            co_await engine.close();
        });
    }

    void add(const std::string& name, job_options options = {}) const
    {
        with_queue([&](text_queue queue) -> asio::awaitable<void> {
            if (!options.id)
                options.id = name;
            co_await queue.add(name, "text", options);
        });
    }

    job_record read(const std::string& id) const
    {
        job_record out;
        with_queue([&](text_queue queue) -> asio::awaitable<void> {
            const auto job = co_await queue.get_job(id);
            REQUIRE(job.has_value());
            out.state = job->state();
            out.attempts_made = job->attempts_made();
            out.attempts_started = job->attempts_started();
            out.stalled_count = job->stalled_count();
            out.result = job->result().value_or("");
            out.failed_reason = job->failed_reason();
        });
        return out;
    }
};

}  // namespace

TEST_CASE("a worker starts a job that another process adds")
{
    const site here;
    child_process worker{here.child("work")};
    worker.read_until("ready");
    here.add("first");
    CHECK(worker.read_until("started") == "started first");
    here.add("last");
    worker.read_until("completed last");
    CHECK(worker.read_until("finished") == "finished 0, released 0");
    CHECK(worker.wait() == 0);
    CHECK(here.read("first").state == job_state::completed);
}

TEST_CASE("F02: a job whose worker is killed runs again in another process, and counts as stalled once")
{
    const site here;
    here.add("last");
    child_process killed{here.child("hold")};
    CHECK(killed.read_until("started") == "started last");
    killed.send(SIGKILL);
    CHECK(killed.wait() == 128 + SIGKILL);
    child_process second{here.child("work")};
    CHECK(second.read_until("stalled") == "stalled last");
    second.read_until("completed last");
    CHECK(second.wait() == 0);
    const auto job = here.read("last");
    CHECK(job.state == job_state::completed);
    CHECK(job.attempts_started == 2);
    CHECK(job.attempts_made == 1);
    CHECK(job.stalled_count == 1);
}

TEST_CASE("a stream tells what other processes do, in the order of their commits, and what they roll back not")
{
    const site here;
    here.with_queue([&](text_queue queue) -> asio::awaitable<void> {
        co_await queue.set_event_log(100);
        const auto stream = queue.stream();
        co_await stream.open();
        child_process worker{here.child("work")};
        worker.read_until("ready");
        {
            SQLite::Database db{here.database, SQLite::OPEN_READWRITE};
            prepare(db);
            for (const bool keep : {false, true}) {
                SQLite::Transaction ours{db, SQLite::TransactionBehavior::IMMEDIATE};
                enqueue(db, queue, keep ? "last" : "undone", std::string{"text"}, {.id = keep ? "last" : "undone"});
                if (keep)
                    ours.commit();
            }
        }
        std::vector<std::string> told;
        for (int i = 0; i < 3; ++i) {
            const auto next = co_await stream.next();
            told.push_back(next.event.id.str() + ' ' + std::string{to_string(next.event.state)});
            CHECK(next.event.sequence == static_cast<std::uint64_t>(i + 1));
            CHECK(next.missed == 0);
        }
        CHECK(told == std::vector<std::string>{"last waiting", "last active", "last completed"});
        worker.read_until("completed last");
        CHECK(worker.wait() == 0);
    });
}

TEST_CASE("F07: a job that takes its worker down each time fails after max_stalled_count + 1 rescues")
{
    const site here;
    here.add("poison", {.max_stalled_count = 2});
    for (int crash = 0; crash < 3; ++crash) {
        child_process killed{here.child("hold")};
        CHECK(killed.read_until("started") == "started poison");
        killed.send(SIGKILL);
        killed.wait();
    }
    child_process after{here.child("work")};
    CHECK(after.read_until("failed") == "failed poison");
    here.add("last");
    after.read_until("completed last");
    CHECK(after.wait() == 0);
    const auto job = here.read("poison");
    CHECK(job.state == job_state::failed);
    CHECK(job.stalled_count == 3);
    CHECK(job.attempts_started == 3);
    CHECK(job.failed_reason == "job stalled more than allowable limit");
}

TEST_CASE("F10, F11: a worker that gets SIGTERM, and again, finishes what it runs and takes no more")
{
    const site here;
    here.add("first");
    child_process worker{here.child("hold")};
    worker.read_until("started first");
    worker.send(SIGTERM);
    here.add("second");
    worker.write_line("go on");
    CHECK(worker.read_until("completed") == "completed first");
    CHECK(worker.read_until("finished") == "finished 1, released 0");
    CHECK(worker.wait() == 0);
    CHECK(here.read("first").state == job_state::completed);
    CHECK(here.read("second").state == job_state::waiting);
}

TEST_CASE("F12: the second signal gives no grace: what runs is given back, and counts neither as attempt nor as stall")
{
    const site here;
    here.add("first");
    child_process worker{here.child("hold")};
    worker.read_until("started first");
    worker.send(SIGINT);
    worker.send(SIGTERM);
    CHECK(worker.read_until("finished") == "finished 0, released 0");
    CHECK(worker.wait() == 0);
    const auto job = here.read("first");
    CHECK(job.state == job_state::waiting);
    CHECK(job.attempts_made == 0);
    CHECK(job.stalled_count == 0);
}

TEST_CASE("a processor that writes or awaits is cancelled by another process long before its lock is renewed")
{
    using clock = std::chrono::steady_clock;
    for (const std::string slots : {"heed", "heed_and_wait"}) {
        const site here;
        here.with_queue([&](text_queue queue) -> asio::awaitable<void> {
            child_process worker{here.child(slots)};
            worker.read_until("ready");
            for (const std::string name : {"awaits", "writes"}) {
                std::vector<double> waits;
                for (int i = 0; i < 21; ++i) {
                    const auto id = name + std::to_string(i);
                    co_await queue.add(name, "text", {.id = id});
                    CHECK(worker.read_until("started") == "started " + id);
                    const auto asked = clock::now();
                    co_await queue.cancel(id, "no more");
                    CHECK(worker.read_until("cancelled") == "cancelled " + id);
                    waits.push_back(std::chrono::duration<double, std::milli>(clock::now() - asked).count());
                    CHECK(worker.read_until("failed") == "failed " + id);
                }
                std::ranges::sort(waits);
                MESSAGE(
                    slots << ": a job that " << name << " is cancelled by another process after " << waits[10]
                          << " ms (median of 21; " << waits.front() << " to " << waits.back() << ")"
                );
                CHECK(waits[10] < 2000);  // the lock is renewed after 15 s
            }
            worker.send(SIGTERM);
            CHECK(worker.wait() == 0);
        });
    }
}

TEST_CASE("F14: a worker that was stopped past its lock finds it lost, and what it returns changes nothing")
{
    const site here;
    here.add("last");
    child_process stopped{here.child("freeze")};
    stopped.read_until("started last");
    stopped.send(SIGSTOP);
    child_process second{here.child("work")};
    second.read_until("completed last");
    CHECK(second.wait() == 0);
    stopped.send(SIGCONT);
    CHECK(stopped.read_until("lost") == "lost last");
    stopped.send(SIGTERM);
    CHECK(stopped.wait() == 0);
    CHECK(here.read("last").result == "worked");
}

TEST_SUITE_END();
