// The program that process tests start: a worker on the file that is its argument, or on a PostgreSQL database, whose
// schema then is the next one. It writes a line for whatever happens.
//   child work DATABASE   runs jobs until one named "last" has been completed
//   child hold DATABASE   runs a job until it reads a line from standard input
//   child idle DATABASE   the same as work, but asks for jobs only when it is woken
//   child heed DATABASE   runs one job at a time until it is cancelled; one named "writes" tells its progress meanwhile
//   child heed_and_wait DATABASE the same with a free slot, for which it waits for jobs
//   child pay DATABASE    runs each job in a transaction with an effect; reads a line before each step
//   child freeze DATABASE the same without maintenance: stopped at any time, it does not hold the file's lock
#include <cofila/cofila.hpp>
#include <cofila/sqlite.hpp>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <SQLiteCpp/SQLiteCpp.h>
#include <unistd.h>

#include <chrono>
#include <iostream>
#include <optional>
#include <string>

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

using text_queue = cofila::queue<std::string, std::string>;
using text_job = cofila::job<std::string, std::string>;
using text_worker = cofila::worker<std::string, std::string>;

void tell(const std::string& line) { std::cout << line << std::endl; }

asio::awaitable<std::string> hold(text_job job)
{
    tell("started " + job.id().str());
    asio::posix::stream_descriptor input{co_await asio::this_coro::executor, ::dup(STDIN_FILENO)};
    std::string line;
    co_await asio::async_read_until(input, asio::dynamic_buffer(line), '\n', asio::use_awaitable);
    co_return "held";
}

asio::awaitable<std::string> work(text_job job)
{
    tell("started " + job.id().str());
    co_return "worked";
}

asio::awaitable<std::string> heed(text_job job)
{
    tell("started " + job.id().str());
    asio::steady_timer pause{co_await asio::this_coro::executor};
    try {
        for (int i = 0;; ++i) {
            pause.expires_after(job.name() == "writes" ? std::chrono::milliseconds{20} : std::chrono::hours{1});
            co_await pause.async_wait(asio::use_awaitable);
            co_await job.update_progress(i);
        }
    } catch (const boost::system::system_error&) {
        tell("cancelled " + job.id().str());
        throw;
    }
}

void wait_for_line()
{
    std::string line;
    std::getline(std::cin, line);
}

asio::awaitable<std::string> pay(std::string database, text_job job)
{
    const auto step = [&](const std::string& done) {
        tell(done + " " + job.id().str());
        wait_for_line();
    };
    step("started");
    SQLite::Database db{database, SQLite::OPEN_READWRITE};
    cofila::prepare(db);
    SQLite::Transaction both{db, SQLite::TransactionBehavior::IMMEDIATE};
    db.exec("INSERT INTO effects VALUES ('" + job.id().str() + "')");
    cofila::complete_in(db, job, "paid");
    step("written");
    both.commit();
    step("committed");
    co_return "returned";
}

cofila::processor<std::string, std::string> processor_of(const std::string& what, const std::string& database)
{
    if (what == "pay")
        return [database](text_job job) { return pay(database, std::move(job)); };
    if (what.starts_with("heed"))
        return heed;
    return what == "work" || what == "idle" ? work : hold;
}

asio::awaitable<int> run(std::string what, std::string database, std::string schema)
{
    cofila::worker_options options{.concurrency = 4, .lock_duration = 2s};
    if (what == "idle")
        options.poll_interval = 1h;
    if (what.starts_with("heed"))
        options = {.concurrency = what == "heed" ? 1 : 2};
    std::optional<cofila::maintenance_options> maintenance = cofila::maintenance_options{.interval = 100ms};
    if (what == "freeze")
        maintenance.reset();
    auto engine = co_await cofila::engine::open({.database = database, .maintenance = maintenance, .schema = schema});
    auto queue = engine.queue<std::string, std::string>("texts");
    text_worker worker{queue, processor_of(what, database), options};
    cofila::stop_on_signal guard{worker};
    queue.events().completed.connect([](const cofila::completed_event& e) { tell("completed " + e.id.str()); });
    queue.events().failed.connect([](const cofila::failed_event& e) { tell("failed " + e.id.str()); });
    queue.events().stalled.connect([](const cofila::stalled_event& e) { tell("stalled " + e.id.str()); });
    worker.events().lock_lost.connect([](const cofila::lock_lost_event& e) { tell("lost " + e.id.str()); });
    worker.events().ready.connect([](const cofila::ready_event&) { tell("ready"); });
    worker.events().job_processed.connect([&](const cofila::job_processed_event& e) {
        if (e.name == "last")
            worker.stop();
    });
    const auto report = co_await worker.run();
    co_await engine.close();
    tell("finished " + std::to_string(report.finished.size()) + ", released " + std::to_string(report.released.size()));
    co_return 0;
}

}  // namespace

int main(int argc, char** argv)
{
    if (argc != 3 && argc != 4)
        return 2;
    return cofila::run_main(run(argv[1], argv[2], argc == 4 ? argv[3] : ""));
}
