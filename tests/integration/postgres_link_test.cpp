#include <doctest/doctest.h>

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "postgres/link.hpp"
#include "postgres/statements.hpp"
#include "support/postgres_schema.hpp"

using namespace cofila;
using namespace cofila::test;

TEST_SUITE_BEGIN("postgres_link");

namespace {

struct connected {
    postgres::link link{{.target = postgres_target(), .clock = std::make_shared<manual_clock>()}};
    postgres::statements sql{link};
};

}  // namespace

TEST_CASE("PostgreSQL: values come back as they were sent")
{
    connected to;
    const std::string text = "a'b\\\"{}, \xC3\xA4";
    const std::string blob{"\0\xFF\\x", 4};
    const std::optional<std::int64_t> none;
    auto row = to.sql.query(
        "SELECT $1::text, $2::bigint, $3::boolean, $4::bytea, $5::bigint, $6::bytea, $7::text, $8::bigint",
        text,
        std::numeric_limits<std::int64_t>::min(),
        true,
        postgres::bytes{blob},
        time_point{milliseconds{-5}},
        postgres::bytes{},
        static_cast<const std::string*>(nullptr),
        none
    );
    REQUIRE(row.step());
    CHECK(row.text(0) == text);
    CHECK(row.number(1) == std::numeric_limits<std::int64_t>::min());
    CHECK(row.number(2) == 1);
    CHECK(row.bytes(3) == blob);
    CHECK(row.time(4) == time_point{milliseconds{-5}});
    for (const int column : {5, 6, 7})
        CHECK(row.is_null(column));
    CHECK(row.text(6).empty());
    CHECK(row.number(7) == 0);
    CHECK_FALSE(row.time(7).has_value());
    CHECK_FALSE(row.step());
}

TEST_CASE("PostgreSQL: arrays come back as they were sent")
{
    connected to;
    const std::vector<std::int64_t> numbers{1, -1, std::numeric_limits<std::int64_t>::max()};
    const std::vector<std::optional<std::string>> texts{"", std::nullopt, "NULL,\"}"};
    const std::vector<bool> flags{true, false, true};
    auto rows = to.sql.query("SELECT * FROM unnest($1::bigint[], $2::text[], $3::boolean[])", numbers, texts, flags);
    for (std::size_t i = 0; i < numbers.size(); ++i) {
        REQUIRE(rows.step());
        CHECK(rows.number(0) == numbers[i]);
        CHECK(rows.is_null(1) == !texts[i].has_value());
        CHECK(rows.text(1) == texts[i].value_or(""));
        CHECK((rows.number(2) != 0) == flags[i]);
    }
    CHECK_FALSE(rows.step());
    CHECK(to.sql.exec("SELECT unnest($1::bigint[])", std::vector<std::int64_t>{}) == 0);
    CHECK(to.sql.exec("SELECT unnest($1::bigint[])", std::vector<std::optional<std::int64_t>>{{}, 3}) == 2);
}

TEST_CASE("PostgreSQL: a name with @ is one of the schema")
{
    CHECK(
        postgres::with_schema("SELECT 1 FROM @jobs, @live_2 WHERE a @> b", "s") ==
        "SELECT 1 FROM \"s\".\"jobs\", \"s\".\"live_2\" WHERE a @> b"
    );
    CHECK(postgres::with_schema("@a", "s") == "\"s\".\"a\"");
    CHECK(postgres::with_schema("", "s").empty());
}

TEST_CASE("PostgreSQL: an error ends the transaction, and the connection goes on")
{
    connected to;
    to.link.run("BEGIN");
    CHECK(to.link.in_transaction());
    std::string state;
    try {
        to.sql.exec("SELECT 1 / $1::int", 0);
    } catch (const postgres::sql_error& e) {
        state = e.state();
    }
    CHECK(state == "22012");
    CHECK_FALSE(to.link.in_transaction());
    CHECK(to.link.needs_rollback());
    CHECK_THROWS_AS(to.link.commit(), postgres::sql_error);
    CHECK_FALSE(to.link.needs_rollback());
    CHECK(to.sql.exec("SELECT 1") == 1);
}

TEST_CASE("PostgreSQL: a command that is sent aside is done before the next one, and may fail unnoticed")
{
    connected to;
    to.link.send_aside("CREATE TEMPORARY TABLE aside AS SELECT 1");
    CHECK(to.sql.exec("SELECT * FROM pg_temp.aside") == 1);
    to.link.send_aside("SELECT nonsense");
    CHECK(to.sql.exec("SELECT 1") == 1);
}

TEST_CASE("PostgreSQL: a connection that was ended by the server is lost; in a commit the outcome is unknown")
{
    const auto end = [](const postgres::link& link) {
        postgres_schema::link().run("SELECT pg_terminate_backend(" + std::to_string(link.backend()) + ", 10000)");
    };
    connected to;
    end(to.link);
    CHECK_THROWS_AS(to.sql.exec("SELECT 1"), postgres::link_lost);
    CHECK(to.link.is_lost());
    CHECK_THROWS_AS(to.sql.exec("SELECT 1"), postgres::link_lost);
    connected other;
    other.link.run("BEGIN");
    end(other.link);
    CHECK_THROWS_AS(other.link.commit(), postgres::commit_lost);
}

TEST_CASE("PostgreSQL: notifications of others are heard, our own are no news")
{
    connected to;
    const auto other = postgres_schema::link().backend();
    to.link.run("LISTEN cofila_test");
    to.link.run("NOTIFY cofila_test");
    CHECK_FALSE(to.link.heard_others(to.link.backend()));
    to.link.run("NOTIFY cofila_test");
    CHECK(to.link.heard_others(other));
    CHECK_FALSE(to.link.heard_others(other));
}

TEST_SUITE_END();
