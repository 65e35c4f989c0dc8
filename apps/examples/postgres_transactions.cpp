// An order and the mail that confirms it are stored by one transaction of PostgreSQL, and the mail is sent in another
// one, which also notes that: each both or neither. Prints:
//   mail to ada
//   1 order, 1 mail
#include <cofila/cofila.hpp>
#include <cofila/postgres.hpp>

#include <boost/asio/awaitable.hpp>

#include <libpq-fe.h>

#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>

using mail_queue = cofila::queue<std::string, void>;
using mail_job = cofila::job<std::string, void>;
using connection = std::shared_ptr<PGconn>;

std::string run(PGconn& db, const std::string& sql)
{
    const std::unique_ptr<PGresult, void (*)(PGresult*)> all{PQexec(&db, sql.c_str()), PQclear};
    if (PQresultStatus(all.get()) == PGRES_FATAL_ERROR)
        throw std::runtime_error{PQresultErrorMessage(all.get())};
    return PQntuples(all.get()) > 0 ? PQgetvalue(all.get(), 0, 0) : "";
}

void place_order(PGconn& db, const mail_queue& mails, const std::string& customer, const std::string& end)
{
    run(db, "BEGIN; INSERT INTO orders VALUES ('" + customer + "')");
    cofila::enqueue(db, mails, "confirmation", customer);
    run(db, end);
}

boost::asio::awaitable<void> deliver(connection db, mail_job job)
{
    run(*db, "BEGIN; UPDATE orders SET mails = mails + 1 WHERE customer = '" + job.data() + "'");
    cofila::complete_in(*db, job);
    run(*db, "COMMIT");  // or the attempt has failed
    std::cout << "mail to " << job.data() << '\n';
    co_return;
}

boost::asio::awaitable<void> app(std::string address)
{
    auto engine = co_await cofila::engine::open({.database = address});
    auto mails = engine.queue<std::string, void>("mails");
    const connection db{PQconnectdb(address.c_str()), PQfinish};
    run(*db, "CREATE TABLE orders (customer text, mails int DEFAULT 0)");
    place_order(*db, mails, "eve", "ROLLBACK");
    place_order(*db, mails, "ada", "COMMIT");
    cofila::worker<std::string, void> worker{mails, [db](mail_job job) { return deliver(db, std::move(job)); }};
    mails.events().drained.connect([&](const cofila::drained_event&) { worker.stop(); });
    co_await worker.run();
    std::cout << run(*db, "SELECT count(*) || ' order, ' || sum(mails) || ' mail' FROM orders") << '\n';
    co_await engine.close();
}

int main(int argc, char** argv) { return cofila::run_main(app(argc > 1 ? argv[1] : "postgresql://")); }
