#include <doctest/doctest.h>
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <random>
#include <string>

#include "async/event.hpp"
#include "campaign.hpp"
#include "plan.hpp"
#include "site.hpp"
#include "support/error_of.hpp"
#include "support/job_rows.hpp"

namespace asio = boost::asio;
using namespace cofila;
using namespace std::chrono_literals;
using std::chrono::steady_clock;
using test::child_process;
using test::freeze;
using test::site;
using test::text_queue;

TEST_SUITE_BEGIN("stop");

namespace {

constexpr const char* unfinished = "SELECT (SELECT count(*) FROM cofila_jobs) - (SELECT count(*) FROM cofila_finished)";

std::string milliseconds_each(steady_clock::time_point since, int count)
{
    const auto all = std::chrono::duration_cast<milliseconds>(steady_clock::now() - since);
    return std::to_string(all.count() / std::max(1, count)) + " ms each";
}

/// A moment that the seed draws.
void let_pass(std::chrono::microseconds moment)
{
    const auto until = steady_clock::now() + moment;
    while (steady_clock::now() < until) {}
}

/// Stopped in the middle of a renewal it would keep everybody from writing, which is another test.
void freeze_outside_of_a_transaction(const site& here, child_process& who)
{
    for (freeze(who); here.is_being_written(); freeze(who))
        who.send(SIGCONT);
}

/// It says a line after every transaction: somewhere between two lines it is inside of the next.
void freeze_inside_of_a_transaction(const site& here, child_process& who, std::mt19937& dice)
{
    for (;;) {
        who.read_line();
        const auto before = steady_clock::now();
        who.read_line();
        const auto between = std::chrono::duration_cast<std::chrono::microseconds>(steady_clock::now() - before);
        let_pass(std::chrono::microseconds{std::uniform_int_distribution{0L, between.count()}(dice)});
        freeze(who);
        if (here.is_being_written())
            return;
        who.send(SIGCONT);
    }
}

}  // namespace

TEST_CASE("F14: a worker that was stopped past its lock changes nothing when it goes on")
{
    const site here;
    std::mt19937 dice{test::seed()};
    const int stops = test::amount("COFILA_STOPS", 50, 1000);
    const auto start = steady_clock::now();
    int overwritten = 0;
    const engine_options sweeping{.maintenance = maintenance_options{.interval = 10ms}};
    const auto stop_some = [&](text_queue queue, int first, int last) -> asio::awaitable<void> {
        event rescued{co_await asio::this_coro::executor};
        queue.events().stalled.connect([&](const stalled_event&) { rescued.set(); });
        child_process stopped{here.as("hold", {"80"})};
        stopped.read_until("ready");
        for (int number = first; number < last; ++number) {
            const auto id = "job-" + std::to_string(number);
            co_await queue.add("text", "text", {.id = job_id{id}, .max_stalled_count = 1000});
            stopped.read_until("run " + id);
            freeze_outside_of_a_transaction(here, stopped);
            auto taken = co_await queue.fetch_next_and_lock({.worker_id = "second"});
            while (taken.empty()) {
                co_await rescued.wait();
                taken = co_await queue.fetch_next_and_lock({.worker_id = "second"});
            }
            const bool completed_meanwhile = dice() % 2 == 0;
            if (completed_meanwhile)
                co_await queue.complete(taken[0].claim, "ours");
            if (dice() % 2 == 0)
                stopped.write_line(id);  // its processor returns at once when it goes on
            stopped.send(SIGCONT);
            stopped.read_until("lost " + id);
            if (!completed_meanwhile)
                co_await queue.complete(taken[0].claim, "ours");
            const auto job = co_await queue.get_job(id);
            overwritten += job->result() != "ours" || job->attempts_made() != 1 || job->stalled_count() < 1;
        }
        stopped.send(SIGTERM);
        CHECK(stopped.wait() == 0);
    };
    constexpr int at_once = 50;  // each with_queue has the seconds of COFILA_TEST_BOUND
    for (int first = 0; first < stops; first += at_once)
        here.with_queue(sweeping, [&](text_queue queue) {
            return stop_some(std::move(queue), first, std::min(first + at_once, stops));
        });
    test::figure(
        "SIGSTOP past the lock: " + std::to_string(stops) + " stops, " + std::to_string(overwritten) +
        " results overwritten, " + milliseconds_each(start, stops)
    );
    CHECK(overwritten == 0);
}

TEST_CASE(
    "F15: while a process is stopped inside a write transaction others are told so, and go on when it does or dies"
)
{
    const site here;
    std::mt19937 dice{test::seed()};
    const int stops = test::amount("COFILA_STOPS", 10, 200);
    int refused = 0;
    int went_on = 0;
    const engine_options hasty{.maintenance = std::nullopt, .operation_deadline = 100ms};
    here.with_queue(hasty, [&](text_queue queue) -> asio::awaitable<void> {
        auto writer = std::make_unique<child_process>(here.as("write"));
        for (int number = 0; number < stops; ++number) {
            freeze_inside_of_a_transaction(here, *writer, dice);
            const auto id = "job-" + std::to_string(number);
            const auto failed = co_await test::error_of(queue.add("text", "text", {.id = job_id{id}}));
            const auto nothing = co_await queue.get_job(id);  // reading waits for nobody
            refused += failed.code == errc::storage_busy && !nothing;
            if (dice() % 2 == 0) {
                writer->send(SIGCONT);
            } else {
                writer->send(SIGKILL);
                writer = std::make_unique<child_process>(here.as("write"));
                writer->read_until("added");
            }
            // On a busy machine the writer may need longer than the deadline to be through with what it was at.
            while ((co_await test::error_of(queue.add("text", "text", {.id = job_id{id}}))).code == errc::storage_busy
            ) {}
            const auto job = co_await queue.get_job(id);
            went_on += job.has_value();
        }
    });
    test::figure(
        "SIGSTOP inside a write transaction: " + std::to_string(stops) + " stops, " + std::to_string(refused) +
        " adds refused as storage_busy, " + std::to_string(went_on) + " went on afterwards"
    );
    CHECK(refused == stops);
    CHECK(went_on == stops);
    CHECK(here.ask("SELECT count(*) % 500 FROM cofila_jobs WHERE id IS NULL OR id NOT LIKE 'job-%'") == 0);
    CHECK(here.ask_text("PRAGMA integrity_check") == "ok");
}

TEST_CASE("F10, F11: SIGTERM and SIGINT, once or five times, leave no job behind")
{
    const site here;
    std::mt19937 dice{test::seed()};
    const auto draw = [&](int least, int most) { return std::uniform_int_distribution{least, most}(dice); };
    const int stops = test::amount("COFILA_STOPS", 50, 1000);
    const auto start = steady_clock::now();
    int orderly = 0;
    int killed = 0;
    int left_active = 0;
    for (int number = 0; number < stops; ++number) {
        here.with_queue([&](text_queue queue) -> asio::awaitable<void> {
            std::vector<job_spec<std::string>> specs(40, {.name = "text", .data = "text"});
            for (auto& spec : specs)
                spec.options.max_stalled_count = 1000;
            co_await queue.add_bulk(std::move(specs));
        });
        const auto active_before = here.ask("SELECT count(*) FROM cofila_active");
        child_process worker{here.as("stop", {std::to_string(draw(1, 8)), "5000"})};
        for (int line = draw(1, 30); line > 0; --line)
            worker.read_until("run");
        const int signals = draw(1, 5);
        for (int signal = 0; signal < signals; ++signal) {
            worker.send(draw(0, 1) == 0 ? SIGTERM : SIGINT);
            let_pass(std::chrono::microseconds{draw(0, 300)});
        }
        worker.read_rest();
        const int code = worker.wait();
        // The third signal does what signals do: then it is as after a kill, and others find its jobs.
        killed += signals > 2 && (code == 128 + SIGTERM || code == 128 + SIGINT);
        if (code == 0) {
            ++orderly;
            left_active += here.ask("SELECT count(*) FROM cofila_active") > active_before;
        }
    }
    child_process last{here.as("obey", {"8"})};
    for (auto left = here.ask(unfinished); left > 0; --left)
        last.read_until("completed");
    last.send(SIGTERM);
    CHECK(last.wait() == 0);
    test::figure(
        "SIGTERM and SIGINT: " + std::to_string(stops) + " workers, " + std::to_string(orderly) + " ended in order, " +
        std::to_string(killed) + " by a third signal, " + std::to_string(left_active) + " left active jobs, " +
        std::to_string(40 * stops) + " jobs completed, " + milliseconds_each(start, stops)
    );
    CHECK(orderly + killed == stops);
    CHECK(left_active == 0);
    CHECK(here.ask("SELECT count(*) FROM cofila_finished WHERE attempts_made <> 1") == 0);
    CHECK(here.ask("SELECT count(*) FROM cofila_workers") == 0);  // also those that were killed are forgotten
}

TEST_CASE(
    "F17: SIGHUP and SIGPIPE do what the program has chosen: nothing where it ignores them, else they end it as a kill"
)
{
    const site here;
    here.with_queue([&](text_queue queue) -> asio::awaitable<void> {
        co_await queue.add_bulk({400, {.name = "text", .data = "text", .options = {.max_stalled_count = 1000}}});
    });
    const auto with_signals = [&](const std::string& how) {
        auto command = here.as("stop", {"2", "5000"});
        command.insert(command.begin(), {"/usr/bin/env", how + "=HUP", how + "=PIPE"});
        return command;
    };
    {
        child_process deaf{with_signals("--ignore-signal")};
        for (const int signal : {SIGHUP, SIGPIPE, SIGCHLD}) {
            deaf.read_until("run");
            deaf.send(signal);
            deaf.read_until("run");
        }
        deaf.send(SIGTERM);
        deaf.read_rest();
        CHECK(deaf.wait() == 0);
        CHECK(here.ask("SELECT count(*) FROM cofila_active") == 0);
    }
    for (const int signal : {SIGHUP, SIGPIPE}) {
        child_process usual{with_signals("--default-signal")};
        usual.read_until("run");
        usual.send(signal);
        CHECK(usual.wait() == 128 + signal);
    }
    CHECK(here.ask("SELECT count(*) FROM cofila_active") > 0);
    child_process last{here.as("obey", {"8"})};
    for (auto left = here.ask(unfinished); left > 0; --left)
        last.read_until("completed");
    last.send(SIGTERM);
    CHECK(last.wait() == 0);
    CHECK(here.ask("SELECT count(*) FROM cofila_finished WHERE state = 4 AND attempts_made = 1") == 400);
    CHECK(here.ask("SELECT count(*) FROM cofila_finished WHERE stalled_count > 0") > 0);
}

TEST_CASE("F13: a processor that ignores everything keeps its worker no longer than the grace and a second")
{
    const site here;
    here.with_queue([](text_queue queue) -> asio::awaitable<void> {
        co_await queue.add("text", "text", {.id = job_id{"deaf"}});
    });
    child_process worker{here.as("ignore", {"200"})};
    worker.read_until("run deaf");
    const auto start = steady_clock::now();
    worker.send(SIGTERM);
    CHECK(worker.read_until("abandoned") == "abandoned deaf");
    CHECK(worker.wait() == 5);
    const auto took = steady_clock::now() - start;
    test::figure(
        "a worker whose processor ignores everything ended after " +
        std::to_string(std::chrono::duration_cast<milliseconds>(took).count()) + " ms; its grace was 200 ms"
    );
    CHECK(took >= 1200ms);
    CHECK(took < 10s);  // a busy machine
    CHECK(here.ask(test::with_jobs("SELECT state FROM jobs")) == static_cast<int>(job_state::waiting));
    CHECK(here.ask(test::with_jobs("SELECT attempts_made + stalled_count FROM jobs")) == 0);
}

TEST_SUITE_END();
