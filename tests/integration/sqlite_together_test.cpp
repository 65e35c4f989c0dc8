// What several operations of one batch add is added with statements that they share; no answer may tell.
#include <sqlite3.h>

#include <algorithm>
#include <random>
#include <string_view>

#include "domain/generated_id.hpp"
#include "integration/sqlite_support.hpp"
#include "store/database_port.hpp"
#include "support/job_rows.hpp"
#include "support/print.hpp"

namespace asio = boost::asio;
using namespace cofila;
using namespace cofila::test;
using kind = store::operation::kind;

namespace {

using add_operation = store::typed_operation<add_answer, store::plain_add>;

struct add_order {
    std::string id{};  ///< Empty: the store makes it.
    std::string queue = "q";
};

/// Jobs of one kind share their options, as those of a queue do.
job_draft job_of(const add_order& order)
{
    static const auto options = some_job("any")->options;
    auto job = std::make_shared<job_record>(*some_job(order.id));
    job->queue = order.queue;
    if (order.id.empty())
        job->random = domain::make_random_part(1, 2);
    job->options = options;
    return job;
}

/// A writing runner on a new file, and how many statements it has run that begin with INSERT.
struct adder {
    temp_folder folder{};
    std::string path = folder.file("jobs.db");
    writing_runner runner{connecting(path), false};
    int inserts = 0;

    explicit adder(const std::string& sql = "")
    {
        run_one(
            runner,
            [&](sqlite::session& tx) {
                tx.link().db().exec(sql);
                sqlite3_trace_v2(tx.link().handle(), SQLITE_TRACE_STMT, count_inserts, &inserts);
            },
            kind::observe
        );
    }

    /// Runs them in batches of at most this many, and returns a result for each.
    std::vector<store::outcome<add_answer>> add(const std::vector<add_order>& orders, std::size_t at_once)
    {
        std::vector<store::outcome<add_answer>> answers(orders.size());
        std::vector<store::operation_ptr> batch;
        for (std::size_t i = 0; i < orders.size(); ++i)
            batch.push_back(std::make_unique<add_operation>(
                kind::write,
                asio::system_executor{},
                store::plain_add{.job = job_of(orders[i])},
                [&answer = answers[i]](store::outcome<add_answer> given) { answer = std::move(given); }
            ));
        for (std::span<store::operation_ptr> left{batch}; !left.empty();)
            left = left.subspan(runner.run(left.first(std::min(at_once, left.size()))));
        for (const auto& what : batch)
            what->answer();
        return answers;
    }

    std::string content() const
    {
        SQLite::Database db{path, SQLite::OPEN_READWRITE};
        SQLite::Statement row{
            db, with_jobs("SELECT key, queue, id, state, position, options, data FROM jobs ORDER BY key")
        };
        std::string out;
        while (row.executeStep()) {
            for (int i = 0; i < row.getColumnCount(); ++i)
                out += row.getColumn(i).getString() + ' ';
            out += '\n';
        }
        return out;
    }

private:
    static int count_inserts(unsigned, void* count, void* statement, void*)
    {
        const std::string_view sql{sqlite3_sql(static_cast<sqlite3_stmt*>(statement))};
        *static_cast<int*>(count) += sql.starts_with("INSERT OR FAIL INTO cofila_jobs") ? 1 : 0;
        return 0;
    }
};

std::vector<add_order> numbered(int count)
{
    std::vector<add_order> out;
    for (int i = 0; i < count; ++i)
        out.push_back({.id = "job " + std::to_string(i)});
    return out;
}

std::string in_words(const store::outcome<add_answer>& answer)
{
    if (answer.failed)
        return answer.failed->what();
    const auto& row = answer.value.value().rows.at(0);
    return row.job->id.str() + ", key " + std::to_string(row.job->key) + ", position " +
           std::to_string(row.job->position) + (row.duplicate ? ", there already" : "");
}

std::vector<std::string> in_words(const std::vector<store::outcome<add_answer>>& answers)
{
    std::vector<std::string> out;
    for (const auto& answer : answers)
        out.push_back(in_words(answer));
    return out;
}

/// SQLite refuses the job "bad" in this way.
std::string refusing(const std::string& how)
{
    return "CREATE TEMP TRIGGER refusing BEFORE INSERT ON main.cofila_jobs WHEN NEW.id = 'bad' BEGIN SELECT RAISE(" +
           how + ", 'refused'); END";
}

}  // namespace

TEST_SUITE_BEGIN("sqlite together");

TEST_CASE("adds of one batch share their statements, and keep their order")
{
    adder store;
    const auto answers = store.add(numbered(100), 100);
    CHECK(store.inserts == 100 / 16 + 1);
    for (std::size_t i = 0; i < answers.size(); ++i) {
        const auto number = std::to_string(i + 1);
        CHECK(in_words(answers[i]) == "job " + std::to_string(i) + ", key " + number + ", position " + number);
    }
    CHECK(ask(store.path, "SELECT count(*) FROM cofila_jobs") == 100);
}

TEST_CASE("adds without an id share their statements too, and their ids are in no index")
{
    adder store;
    store.add(std::vector<add_order>(100), 100);
    CHECK(store.inserts == 100 / 16 + 1);
    CHECK(ask(store.path, "SELECT count(*) FROM cofila_jobs WHERE id IS NULL AND length(random) = 10") == 100);
}

TEST_CASE("few adds have a statement each")
{
    adder store;
    store.add(numbered(3), 3);
    CHECK(store.inserts == 3);
}

TEST_CASE("of two adds of one id in a batch, the second gets the job of the first")
{
    adder store;
    auto orders = numbered(20);
    orders[7].id = orders[2].id;
    const auto answers = store.add(orders, 20);
    CHECK(in_words(answers[2]) == "job 2, key 3, position 3");
    CHECK(in_words(answers[7]) == "job 2, key 3, position 3, there already");
    CHECK(ask(store.path, "SELECT count(*) FROM cofila_jobs") == 19);
}

TEST_CASE("answers and rows are as if each had been added alone")
{
    std::mt19937 dice{1};
    const auto draw = [&](unsigned upto) { return dice() % upto; };
    for (int round = 0; round < 20; ++round) {
        std::vector<add_order> orders;
        for (auto left = 1 + draw(200); left > 0; --left)
            orders.push_back({
                .id = draw(4) == 0 ? std::string{} : std::to_string(draw(200)),
                .queue = draw(30) == 0 ? "another" : "q",
            });
        adder together;
        adder alone;
        CHECK(in_words(together.add(orders, 1 + draw(200))) == in_words(alone.add(orders, 1)));
        CHECK(together.content() == alone.content());
    }
}

TEST_CASE("an add that is refused does not take along the others")
{
    for (const auto* how : {"FAIL", "ABORT", "ROLLBACK"}) {
        adder store{refusing(how)};
        auto orders = numbered(40);
        orders[20].id = "bad";
        const auto answers = store.add(orders, 40);
        INFO(how);
        for (std::size_t i = 0; i < answers.size(); ++i)
            CHECK(answers[i].failed.has_value() == (i == 20));
        CHECK(ask(store.path, "SELECT count(*) FROM cofila_jobs WHERE id <> 'bad'") == 39);
        CHECK(ask(store.path, "SELECT count(DISTINCT position) FROM cofila_jobs") == 39);
        CHECK(ask(store.path, jobs_out_of_place()) == 0);
        CHECK(store.content().find("bad") == std::string::npos);
    }
}

TEST_CASE("on a full disk as many are added together as have room")
{
    adder store;
    run_one(
        store.runner,
        [](sqlite::session& tx) {
            const auto pages = ask(tx.link().db(), "PRAGMA page_count");
            tx.link().db().exec("PRAGMA max_page_count = " + std::to_string(pages + 4));
        },
        kind::observe
    );
    const auto answers = store.add(numbered(1000), 1000);
    const auto stored = std::ranges::count_if(answers, [](const auto& answer) { return !answer.failed; });
    CHECK(stored > 0);
    CHECK(stored < 1000);
    CHECK(ask(store.path, "SELECT count(*) FROM cofila_jobs") == stored);
    CHECK(ask(store.path, jobs_out_of_place()) == 0);
    for (const auto& answer : answers)
        if (answer.failed)
            CHECK(answer.failed->code() == errc::storage_full);
}

TEST_SUITE_END();
