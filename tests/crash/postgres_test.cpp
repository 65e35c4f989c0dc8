// The campaigns of the crash suite on a PostgreSQL server: its clients are killed, its connections ended, the server
// itself crashes and starts again, or a synchronous standby takes its place. Only in the first one a client may end.
#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "campaign.hpp"
#include "cast.hpp"
#include "postgres_site.hpp"
#include "support/postgres_cluster.hpp"

using namespace cofila;
using std::chrono::microseconds;
using test::cast;
using test::postgres_cluster;
using test::postgres_site;
using test::verdict;
using namespace std::chrono_literals;

TEST_SUITE_BEGIN("postgres");

namespace {

constexpr const char* stalls_query = "SELECT count(*) FROM (SELECT stalled - lag(stalled) OVER (PARTITION BY key ORDER "
                                     "BY n) AS more FROM public.audit) AS a "
                                     "WHERE more > 0";

/// By what each connection was asked last: all processes have opened the store. From then on they are patient.
constexpr const char* ready_query =
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() "
    "AND query !~ '^(SELECT set_config|SELECT count|SELECT value|LISTEN|$)'";

struct server_campaign {
    std::mt19937 dice{test::seed()};
    verdict all{};

    int draw(int least, int most) { return std::uniform_int_distribution{least, most}(dice); }
    std::function<int()> seeds()
    {
        return [this] { return draw(0, 1'000'000); };
    }

    /// Until all processes work, which takes many times as long beside other programs.
    void wait_until_ready(const postgres_site& here)
    {
        const auto begun = std::chrono::steady_clock::now();
        while (std::stoul(here.ask(ready_query)) < 2 * cast::roles.size()) {}
        const auto took = std::chrono::duration_cast<microseconds>(std::chrono::steady_clock::now() - begun);
        patience_ = static_cast<int>(std::clamp(took, microseconds{100ms}, microseconds{5s}).count());
    }

    /// Until one of the processes, as drawn, has gone on for a while.
    std::size_t wait(cast& playing)
    {
        const auto role = static_cast<std::size_t>(draw(0, static_cast<int>(cast::roles.size()) - 1));
        playing.listen(role, static_cast<std::size_t>(draw(0, 40)), microseconds{draw(0, patience_)});
        playing.listen(role, 1'000'000, microseconds{draw(0, 2'000)});
        return role;
    }

    void kill_clients(cast& playing)
    {
        std::vector<std::size_t> which{wait(playing)};
        if (draw(1, 10) == 1)
            which = {0, 1, 2, 3, 4};
        playing.kill(which);
        for (const auto one : which)
            playing.play(one);
    }

    /// Nobody has died: a job that lost its worker was claimed by nobody.
    void end_without_stalls(cast& playing, const postgres_site& here)
    {
        if (const auto count = here.ask(stalls_query); count != "0")
            all.complain(&verdict::unexpected, "claims of nobody: " + count);
        all += playing.end();
    }

    void check(const std::string& what, int cycles)
    {
        for (const auto& one : all.complaints)
            test::figure("complaint: " + one);
        test::figure(
            what + ": " + std::to_string(cycles) + " cycles, " + std::to_string(all.acknowledged) + " acknowledged, " +
            std::to_string(all.unknown) + " unknown, lost " + std::to_string(all.lost) + ", duplicated " +
            std::to_string(all.duplicated) + ", unexpected " + std::to_string(all.unexpected) + "; " +
            std::to_string(all.completed) + " completions acknowledged, " + std::to_string(all.rescued) +
            " jobs rescued"
        );
        CHECK(all.lost == 0);
        CHECK(all.duplicated == 0);
        CHECK(all.unexpected == 0);
        CHECK(all.acknowledged > static_cast<std::size_t>(cycles));
        CHECK(all.completed > 0);
    }

private:
    int patience_ = 0;
};

/// Splits the cycles into rounds of at most 100. `round` takes the number of its cycles.
template <class Round>
void in_rounds(int cycles, Round round)
{
    for (int done = 0; done < cycles;) {
        const int now = std::min(100, cycles - done);
        round(now);
        done += now;
    }
}

int server_cycles() { return test::amount("COFILA_SERVER_CYCLES", 100, 5000); }

}  // namespace

TEST_CASE("PostgreSQL: kill -9 of clients loses nothing that was acknowledged, and no outcome is accepted twice")
{
    postgres_cluster server;
    server_campaign run;
    in_rounds(server_cycles(), [&](int count) {
        const postgres_site here{server.target()};
        cast playing{here, run.seeds()};
        run.wait_until_ready(here);
        for (int cycle = 0; cycle < count; ++cycle)
            run.kill_clients(playing);
        run.all += playing.end();
        server.drop_log();
    });
    run.check("kill -9 of clients", server_cycles());
    CHECK(run.all.unknown > 0);
    CHECK(run.all.rescued > 0);
}

TEST_CASE("PostgreSQL: connections that the server ends are made anew, and no call fails")
{
    postgres_cluster server;
    server_campaign run;
    in_rounds(server_cycles(), [&](int count) {
        const postgres_site here{server.target()};
        cast playing{here, run.seeds()};
        run.wait_until_ready(here);
        for (int cycle = 0; cycle < count; ++cycle) {
            run.wait(playing);
            here.ask(
                "SELECT count(pg_terminate_backend(pid)) FROM (SELECT pid FROM pg_stat_activity WHERE "
                "pid <> pg_backend_pid() AND datname = '" +
                here.name() + "' ORDER BY random() LIMIT " + std::to_string(run.draw(1, 10)) + ") AS a"
            );
            server.drop_log();
        }
        run.end_without_stalls(playing, here);
    });
    run.check("pg_terminate_backend", server_cycles());
}

TEST_CASE("PostgreSQL: a server that crashes and starts again has lost nothing, and no call fails")
{
    postgres_cluster server;
    server_campaign run;
    in_rounds(server_cycles(), [&](int count) {
        const postgres_site here{server.target()};
        cast playing{here, run.seeds()};
        run.wait_until_ready(here);
        for (int cycle = 0; cycle < count; ++cycle) {
            run.wait(playing);
            server.crash();
            server.start();
        }
        run.wait(playing);
        run.end_without_stalls(playing, here);
    });
    run.check("pg_ctl stop -m immediate", server_cycles());
}

TEST_CASE("PostgreSQL: a synchronous standby that is promoted has everything, and no call fails")
{
    const int rounds = test::amount("COFILA_PROMOTIONS", 2, 50);
    server_campaign run;
    for (int round = 0; round < rounds; ++round) {
        postgres_cluster primary;
        postgres_site here{primary.target()};
        postgres_cluster standby{postgres_cluster::standby_of{primary}};
        here.move_to("host=" + primary.folder() + "," + standby.folder() + " user=tester dbname=postgres");
        while (here.ask("SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'") != "1") {}
        here.ask("ALTER SYSTEM SET synchronous_standby_names = '*'");
        here.ask("SELECT pg_reload_conf()");
        while (here.ask("SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'") != "1") {}
        cast playing{here, run.seeds()};
        run.wait_until_ready(here);
        run.wait(playing);
        playing.listen(0, 20, 10s);
        primary.crash();
        test::ask_server(standby.target(), "SELECT pg_promote()");
        playing.listen(0, 20, 10s);
        run.end_without_stalls(playing, here);
    }
    run.check("promotion of a synchronous standby", rounds);
}

TEST_SUITE_END();
