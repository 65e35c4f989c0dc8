#include "site.hpp"

#include <SQLiteCpp/SQLiteCpp.h>
#include <poll.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/wait.h>

#include <chrono>
#include <cstdlib>
#include <stdexcept>

#include "support/job_rows.hpp"

namespace cofila::test {

namespace {

struct look {
    explicit look(const std::string& database) : db{database, SQLite::OPEN_READWRITE, 10'000}
    {
        sqlite3_db_config(db.getHandle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
    }
    SQLite::Database db;
};

store_contents::counters counters_in(SQLite::Statement& row, int first)
{
    return {
        .claim = row.getColumn(first).getInt(),
        .made = row.getColumn(first + 1).getInt(),
        .stalled = row.getColumn(first + 2).getInt()
    };
}

}  // namespace

std::vector<std::string> site::as(const std::string& role, const std::vector<std::string>& rest) const
{
    std::vector<std::string> out{program("COFILA_CRASH_CHILD"), role, database};
    out.insert(out.end(), rest.begin(), rest.end());
    return out;
}

void site::with_queue(engine_options options, std::function<boost::asio::awaitable<void>(text_queue)> use) const
{
    options.database = database;
    run_coro([options = std::move(options), use = std::move(use)]() -> boost::asio::awaitable<void> {
        auto engine = co_await engine::open(options);
        co_await use(engine.queue<std::string, std::string>("texts"));
        co_await engine.close();
    });
}

void site::with_queue(std::function<boost::asio::awaitable<void>(text_queue)> use) const
{
    with_queue({.maintenance = std::nullopt}, std::move(use));
}

store_contents site::contents() const
{
    store_contents out;
    look in{database};
    SQLite::Statement step{in.db, "SELECT id, was, now, token, started, made, stalled FROM audit ORDER BY n"};
    while (step.executeStep())
        out.trail.push_back(
            {.id = step.getColumn(0).getString(),
             .was = step.getColumn(1).getInt(),
             .now = step.getColumn(2).getInt(),
             .token = step.getColumn(3).getString(),
             .after = counters_in(step, 4)}
        );
    SQLite::Statement job{
        in.db, with_jobs("SELECT id, state, data, result, attempts_started, attempts_made, stalled_count FROM jobs")
    };
    while (job.executeStep())
        out.jobs.push_back(
            {.id = job.getColumn(0).getString(),
             .state = job.getColumn(1).getInt(),
             .data = job.getColumn(2).getString(),
             .result = job.getColumn(3).getString(),
             .last = counters_in(job, 4)}
        );
    SQLite::Statement misplaced{in.db, jobs_out_of_place()};
    out.is_out_of_place = misplaced.executeStep() && misplaced.getColumn(0).getInt() != 0;
    return out;
}

std::int64_t site::ask(const std::string& sql) const { return std::stoll(ask_text(sql)); }

std::string site::ask_text(const std::string& sql) const
{
    look in{database};
    SQLite::Statement row{in.db, sql};
    return row.executeStep() ? row.getColumn(0).getString() : std::string{};
}

void site::wait_for(const std::string& sql, std::int64_t wanted) const
{
    using clock = std::chrono::steady_clock;
    const char* const bound = std::getenv("COFILA_TEST_BOUND");
    const int patience = std::getenv("COFILA_SOAK") ? 100 : 10;
    const auto until = clock::now() + std::chrono::seconds{patience * (bound ? std::atoi(bound) : 60)};
    look in{database};
    SQLite::Statement row{in.db, sql};
    for (;;) {
        const auto asked = clock::now();
        if (row.executeStep() && row.getColumn(0).getInt64() == wanted)
            return;
        row.reset();  // so that the log may be reused meanwhile
        const auto now = clock::now();
        if (now > until)
            throw std::runtime_error("it never became " + std::to_string(wanted) + ": " + sql);
        // A question that takes long is asked seldom.
        const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(now - asked);
        ::poll(nullptr, 0, 10 + 10 * static_cast<int>(took.count()));
    }
}

bool site::is_being_written() const
{
    look in{database};
    in.db.setBusyTimeout(0);
    if (in.db.tryExec("BEGIN IMMEDIATE") != SQLITE_OK)
        return true;
    in.db.exec("ROLLBACK");
    return false;
}

void freeze(child_process& who)
{
    who.send(SIGSTOP);
    siginfo_t seen{};
    ::waitid(P_PID, static_cast<id_t>(who.pid()), &seen, WSTOPPED | WEXITED | WNOWAIT);
}

}  // namespace cofila::test
