// An order and the mail that confirms it are stored by one transaction: both or neither. Prints:
//   no order for eve: nothing to pay
//   mail to ada
//   1 order
#include <cofila/cofila.hpp>
#include <cofila/sqlite.hpp>

#include <boost/asio.hpp>

#include <SQLiteCpp/SQLiteCpp.h>

#include <iostream>
#include <stdexcept>
#include <string>

namespace asio = boost::asio;

using mail_queue = cofila::queue<std::string>;
using mail_job = cofila::job<std::string>;

void place_order(SQLite::Database& db, const mail_queue& mails, const std::string& customer, int amount)
{
    SQLite::Transaction both{db, SQLite::TransactionBehavior::IMMEDIATE};
    SQLite::Statement insert{db, "INSERT INTO orders VALUES (?, ?)"};
    insert.bind(1, customer);
    insert.bind(2, amount);
    insert.exec();
    cofila::enqueue(db, mails, "confirmation", customer);
    if (amount <= 0)
        throw std::invalid_argument{"nothing to pay"};  // rolls both back
    both.commit();
}

asio::awaitable<boost::json::value> deliver(mail_job job)
{
    std::cout << "mail to " << job.data() << '\n';
    co_return nullptr;
}

asio::awaitable<void> app(std::string file)
{
    auto engine = co_await cofila::engine::open({.database = file, .embed = true});
    auto mails = engine.queue<std::string>("mails");
    SQLite::Database db{file, SQLite::OPEN_READWRITE};
    cofila::prepare(db);
    db.exec("CREATE TABLE IF NOT EXISTS orders (customer TEXT, amount INTEGER)");
    place_order(db, mails, "ada", 3);
    try {
        place_order(db, mails, "eve", 0);
    } catch (const std::invalid_argument& e) {
        std::cout << "no order for eve: " << e.what() << '\n';
    }
    cofila::worker<std::string> worker{mails, deliver};
    mails.events().drained.connect([&](const cofila::drained_event&) { worker.stop(); });
    co_await worker.run();
    std::cout << db.execAndGet("SELECT count(*) FROM orders").getInt() << " order\n";
    co_await engine.close();
}

int main(int argc, char** argv) { return cofila::run_main(app(argc > 1 ? argv[1] : "shop.db")); }
