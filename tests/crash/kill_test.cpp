#include <doctest/doctest.h>
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <random>
#include <string>

#include "campaign.hpp"
#include "cast.hpp"
#include "trail.hpp"

using namespace cofila;
using std::chrono::microseconds;
using std::chrono::steady_clock;
using namespace std::chrono_literals;
using test::cast;
using test::child_process;
using test::verdict;

TEST_SUITE_BEGIN("kill");

namespace {

/// With the trail of all changes.
void make_file(const test::site& here)
{
    here.with_queue([](test::text_queue) -> boost::asio::awaitable<void> { co_return; });
    test::begin_trail(here.database);
}

/// How long a process runs that finds nothing to do: many times as long with sanitizers, or beside other processes.
microseconds shortest_life()
{
    const test::site here;
    make_file(here);
    const auto start = steady_clock::now();
    child_process{here.as("drain", {"first", "0"})}.wait();
    return std::chrono::duration_cast<microseconds>(steady_clock::now() - start);
}

struct campaign {
    std::mt19937 dice{test::seed()};
    const int patience = static_cast<int>(std::clamp(shortest_life(), microseconds{25'000}, microseconds{1s}).count());
    verdict all{};
    int cycles = 0;
    int killed = 0;

    int draw(int least, int most) { return std::uniform_int_distribution{least, most}(dice); }

    /// Processes on one new file, of which one after the other is killed.
    void round(int length)
    {
        const test::site here;
        make_file(here);
        cast playing{here, [this] { return draw(0, 1'000'000); }};
        verdict found;
        for (int cycle = 0; cycle < length; ++cycle, ++cycles) {
            kill_at_random(playing);
            if (const auto quick = here.ask_text("PRAGMA quick_check"); quick != "ok")
                found.complain(&verdict::unexpected, "quick_check: " + quick);
        }
        found += playing.end();
        if (const auto whole = here.ask_text("PRAGMA integrity_check"); whole != "ok")
            found.complain(&verdict::unexpected, "integrity_check: " + whole);
        all += found;
    }

    /// The seed draws when: after a number of the process's lines, and a moment later; or earlier, within twice the
    /// time that a process needs to start and end, which may be before its first line.
    void kill_at_random(cast& playing)
    {
        const auto role = static_cast<std::size_t>(draw(0, static_cast<int>(cast::roles.size()) - 1));
        playing.listen(role, static_cast<std::size_t>(draw(0, 40)), microseconds{draw(0, patience)});
        playing.listen(role, 1'000'000, microseconds{draw(0, 500)});
        std::vector<std::size_t> which{role};
        if (draw(1, 10) == 1)
            which = {0, 1, 2, 3, 4};
        playing.kill(which);
        killed += static_cast<int>(which.size());
        for (const auto one : which)
            playing.play(one);
    }
};

}  // namespace

TEST_CASE("F01-F06: kill -9 at any time loses nothing that was acknowledged, and no outcome is accepted twice")
{
    const int cycles = test::amount("COFILA_KILL_CYCLES", 1000, 50'000);
    const auto start = steady_clock::now();
    campaign run;
    while (run.cycles < cycles)
        run.round(std::min(25, cycles - run.cycles));
    const auto& all = run.all;
    for (const auto& what : all.complaints)
        test::figure("complaint: " + what);
    const auto time = std::chrono::duration_cast<std::chrono::milliseconds>(steady_clock::now() - start).count();
    test::figure(
        "kill -9: " + std::to_string(run.cycles) + " cycles within " + std::to_string(run.patience / 1000) +
        " ms each, " + std::to_string(run.killed) + " processes killed, " + std::to_string(all.acknowledged) +
        " acknowledged, " + std::to_string(all.unknown) + " unknown, lost " + std::to_string(all.lost) +
        ", duplicated " + std::to_string(all.duplicated) + ", unexpected " + std::to_string(all.unexpected) + "; " +
        std::to_string(all.completed) + " completions acknowledged, " + std::to_string(all.rescued) +
        " jobs rescued, " + std::to_string(all.promoted) + " promoted, " + std::to_string(all.retried) + " retried, " +
        std::to_string(all.removed) + " removed, " + std::to_string(time / std::max(1, run.cycles)) + " ms a cycle"
    );
    CHECK(all.lost == 0);
    CHECK(all.duplicated == 0);
    CHECK(all.unexpected == 0);
    // A campaign in which nothing was under way would prove nothing.
    CHECK(all.acknowledged > static_cast<std::size_t>(run.cycles));
    CHECK(all.unknown > 0);
    CHECK(all.rescued > 0);
    CHECK(all.promoted > 0);
    CHECK(all.retried > 0);
    CHECK(all.removed > 0);
}

TEST_CASE("F06: a process that is killed while it makes the file leaves one that opens")
{
    std::mt19937 dice{test::seed()};
    const int files = test::amount("COFILA_NEW_FILES", 50, 2000);
    int opened = 0;
    for (int file = 0; file < files; ++file) {
        const test::site here;
        child_process first{here.as("sweep", {"first", "0"})};
        child_process second{here.as("sweep", {"second", "1"})};
        // Nothing is said while a file is made: the drawn moment itself is the test.
        const auto moment = steady_clock::now() + microseconds{std::uniform_int_distribution{0, 12'000}(dice)};
        while (steady_clock::now() < moment) {}
        first.send(SIGKILL);
        first.wait();
        if (file % 2 == 0) {
            second.send(SIGKILL);
            second.wait();
        }
        child_process after{here.as("drain", {"after", "2"})};
        if (after.wait() == 0 && here.ask_text("PRAGMA integrity_check") == "ok")
            ++opened;
    }
    test::figure("killed while the file is made: " + std::to_string(opened) + " of " + std::to_string(files) + " open");
    CHECK(opened == files);
}

TEST_SUITE_END();
