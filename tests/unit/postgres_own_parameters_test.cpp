#include <doctest/doctest.h>

#include <string>

#include "postgres/own_parameters.hpp"
#include "support/error_of.hpp"
#include "support/print.hpp"

using namespace cofila;
using namespace cofila::test;
using postgres::take_own_parameters;

TEST_SUITE_BEGIN("postgres_own_parameters");

TEST_CASE("our parameters are taken out of a connection string, the others stay as they are")
{
    static constexpr struct {
        const char* target;
        const char* left;
        bool prepare;
    } cases[] = {
        {"host=h dbname=d", "host=h dbname=d", true},
        {"host=h prepare=off dbname=d", "host=h dbname=d", false},
        {"prepare = 'off' host=h", " host=h", false},
        {"host=h prepare=on", "host=h", true},
        {"password='prepare=off' host=h", "password='prepare=off' host=h", true},
        {R"(password='it\'s prepare=off' prepare=off)", R"(password='it\'s prepare=off')", false},
        {R"(password=a\ prepare=off prepare=off host=h)", R"(password=a\ prepare=off host=h)", false},
        {"postgresql://h/d", "postgresql://h/d", true},
        {"postgresql://h/d?prepare=off", "postgresql://h/d", false},
        {"postgres://h/d?sslmode=require&prepare=off&user=u", "postgres://h/d?sslmode=require&user=u", false},
        {"postgres://prepare=off@h/d?user=u", "postgres://prepare=off@h/d?user=u", true},
        {"host=h keyword", "host=h keyword", true},
        {"", "", true},
    };
    for (const auto& c : cases) {
        INFO(c.target);
        const auto taken = take_own_parameters(c.target);
        CHECK(taken.target == c.left);
        CHECK(taken.prepare == c.prepare);
    }
}

TEST_CASE("a value that they do not have is refused")
{
    for (const auto* target : {"host=h prepare=no", "host=h prepare=", "prepare", "postgresql://h/d?prepare"}) {
        INFO(target);
        const auto refused = error_of([&] { take_own_parameters(target); });
        CHECK(refused.code == errc::invalid_argument);
        CHECK(refused.field == "database");
    }
}

TEST_SUITE_END();
