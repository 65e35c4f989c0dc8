#include <doctest/doctest.h>

#include <string>

#include "postgres/address.hpp"
#include "support/error_of.hpp"
#include "support/print.hpp"

using namespace cofila;
using namespace cofila::test;

TEST_SUITE_BEGIN("postgres_address");

TEST_CASE("no form of a password is shown")
{
    const std::string message = "no: hunter2, or another one: s p@ce's";
    for (const auto* target :
         {"postgresql://me:hunter2@host/db",
          "postgresql://host/db?user=me&password=hunter2",
          "host=host user=me password=hunter2",
          "password='hunter2' host=host",
          "host=h sslpassword=hunter2"}) {
        INFO(target);
        CHECK(postgres::without_secrets(message, target) == "no: ***, or another one: s p@ce's");
    }
    // As libpq decodes it.
    for (const auto* target : {"postgresql://me:s%20p%40ce's@host/db", R"(host=host password='s p@ce\'s')"}) {
        INFO(target);
        CHECK(postgres::without_secrets(message, target) == "no: hunter2, or another one: ***");
    }
    CHECK(postgres::without_secrets(message, "host=host user=me") == message);
    CHECK(postgres::without_secrets("again and again", "password=again") == "*** and ***");
}

TEST_CASE("a target that cannot be read is a secret as a whole")
{
    const std::string target = "host=host pasword=hunter2";
    CHECK(postgres::without_secrets("not understood: " + target, target) == "not understood: ***");
    const auto refused = error_of([&] { postgres::check_target(target); });
    CHECK(refused.code == errc::invalid_argument);
    CHECK(refused.field == "database");
    CHECK(refused.text.find("hunter2") == std::string::npos);
}

TEST_CASE("what libpq understands is a target")
{
    for (const auto* target : {"postgresql://", "postgres://a,b/db", "host=/tmp dbname=x", "service=jobs"}) {
        INFO(target);
        CHECK_FALSE(error_of([&] { postgres::check_target(target); }).code);
    }
}

TEST_CASE("several hosts")
{
    CHECK(postgres::names_several_hosts("postgresql://a:1,b:2/db"));
    CHECK(postgres::names_several_hosts("host=a,b"));
    CHECK(postgres::names_several_hosts("hostaddr=10.0.0.1,10.0.0.2"));
    CHECK_FALSE(postgres::names_several_hosts("postgresql://a/db"));
    CHECK_FALSE(postgres::names_several_hosts("dbname=a,b"));
}

TEST_CASE("a schema is named by letters, digits and underscores")
{
    for (const auto& good : {std::string{"cofila"}, std::string{"_"}, std::string{"a1_b"}, std::string(40, 'x')}) {
        INFO(good);
        CHECK_FALSE(error_of([&] { postgres::check_schema_name(good); }).code);
    }
    for (const auto& bad :
         {std::string{},
          std::string{"1a"},
          std::string{"A"},
          std::string{"a\"b"},
          std::string{"a b"},
          std::string{"a-b"},
          std::string{"\xC3\xA4"},
          std::string(41, 'x')}) {
        INFO(bad);
        CHECK(error_of([&] { postgres::check_schema_name(bad); }).field == "schema");
    }
}

TEST_CASE("a store is shown by host, port, database and schema")
{
    CHECK(
        postgres::shown_address({.host = "h", .port = "5432", .database = "d", .schema = "cofila"}) ==
        "postgresql://h:5432/d?schema=cofila"
    );
}

TEST_SUITE_END();
