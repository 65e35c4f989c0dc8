// A processor pays out and completes its job in one transaction: the money moves once, also when an attempt is repeated
// or its process is killed. Prints:
//   attempt 1: rolled back
//   attempt 2: paid 30
//   ada has 30
#include <cofila/cofila.hpp>
#include <cofila/sqlite.hpp>

#include <boost/asio.hpp>

#include <SQLiteCpp/SQLiteCpp.h>

#include <iostream>
#include <memory>
#include <string>
#include <utility>

namespace asio = boost::asio;

using payout_job = cofila::job<int, int>;

using database = std::shared_ptr<SQLite::Database>;

void pay(SQLite::Database& db, const payout_job& job)  // no coroutine: nothing else runs between BEGIN and COMMIT
{
    SQLite::Transaction both{db, SQLite::TransactionBehavior::IMMEDIATE};
    SQLite::Statement update{db, "UPDATE accounts SET balance = balance + ? WHERE name = 'ada'"};
    update.bind(1, job.data());
    update.exec();
    cofila::complete_in(db, job, job.data());  // throws where the lock was lost, which rolls the payment back
    const int attempt = job.attempts_started();
    if (attempt > 1)
        both.commit();
    std::cout << "attempt " << attempt << (attempt > 1 ? ": paid 30\n" : ": rolled back\n");
}

asio::awaitable<int> process(database db, payout_job job)
{
    pay(*db, job);
    co_return 0;  // what counts is what was committed
}

asio::awaitable<void> app(std::string file)
{
    auto engine = co_await cofila::engine::open({.database = file, .embed = true});
    auto payouts = engine.queue<int, int>("payouts");
    auto db = std::make_shared<SQLite::Database>(file, SQLite::OPEN_READWRITE);
    cofila::prepare(*db);
    db->exec("CREATE TABLE IF NOT EXISTS accounts (name TEXT PRIMARY KEY, balance INTEGER)");
    db->exec("INSERT INTO accounts VALUES ('ada', 0)");
    co_await payouts.add("payout", 30, {.attempts = 3});
    cofila::worker<int, int> worker{payouts, [db](payout_job job) { return process(db, std::move(job)); }};
    payouts.events().completed.connect([&](const cofila::completed_event&) { worker.stop(); });
    co_await worker.run();
    std::cout << "ada has " << db->execAndGet("SELECT balance FROM accounts").getInt() << '\n';
    co_await engine.close();
}

int main(int argc, char** argv) { return cofila::run_main(app(argc > 1 ? argv[1] : "bank.db")); }
