#include <doctest/doctest.h>

#include <string>

#include "postgres/problem.hpp"
#include "support/print.hpp"

using namespace cofila;
using postgres::describe;

TEST_SUITE_BEGIN("postgres_problem");

TEST_CASE("what the server reports has a code of ours, and says what to do")
{
    static constexpr struct {
        const char* state;
        errc code;
        bool may_pass = false;
    } cases[] = {
        {"40001", errc::storage_busy, true}, {"40P01", errc::storage_busy, true},
        {"55P03", errc::storage_busy},       {"57014", errc::storage_busy},
        {"57P01", errc::storage_busy},       {"57P03", errc::storage_busy},
        {"53100", errc::storage_full},       {"53200", errc::storage_busy},
        {"53300", errc::storage_busy},       {"26000", errc::storage_busy, true},
        {"42P05", errc::storage_busy, true}, {"08006", errc::storage_busy},
        {"22021", errc::invalid_argument},   {"25006", errc::storage_readonly, true},
        {"28P01", errc::storage_readonly},   {"3D000", errc::storage_readonly},
        {"42501", errc::storage_readonly},   {"42P01", errc::storage_corrupt},
        {"42703", errc::storage_corrupt},    {"3F000", errc::storage_corrupt},
        {"54000", errc::payload_too_large},  {"XX001", errc::storage_corrupt},
        {"XX000", errc::internal},           {"42601", errc::internal},
        {"23505", errc::internal},           {"", errc::internal},
    };
    for (const auto& c : cases) {
        INFO(c.state);
        const auto failure = describe(postgres::sql_error{c.state, "it went wrong"}, "the store");
        CHECK(failure.why.code() == c.code);
        CHECK(failure.may_pass == c.may_pass);
        const std::string text = failure.why.what();
        CHECK(text.starts_with("'the store': it went wrong (SQLSTATE " + std::string{c.state} + "); "));
    }
}

TEST_CASE("a connection that breaks before a commit has stored nothing; behind it that is not known")
{
    const auto before = describe(postgres::link_lost{"server closed\n\tthe connection\n"}, "s");
    CHECK(before.why.code() == errc::storage_busy);
    CHECK(before.may_pass);
    CHECK(std::string{before.why.what()}.find('\n') == std::string::npos);
    const auto behind = describe(postgres::commit_lost{"server closed"}, "s");
    CHECK(behind.why.code() == errc::outcome_unknown);
    CHECK_FALSE(behind.may_pass);
    try {
        throw postgres::commit_lost{"server closed"};
    } catch (...) {
        CHECK(postgres::describe_current("s").why.code() == errc::outcome_unknown);
    }
}

TEST_CASE("why there is no connection is told without the password")
{
    const std::string target = "host=h user=me password=hunter2";
    const auto refused = postgres::connect_error(
        target, "connection failed: FATAL:  28P01: hunter2 is wrong for me\nLOCATION:  auth_failed, auth.c:338\n"
    );
    CHECK(refused.code() == errc::storage_readonly);
    CHECK(
        std::string{refused.what()} == "cannot connect: connection failed: FATAL:  28P01: *** is wrong for me; the "
                                       "role must exist and have the rights "
                                       "that docs/postgres.md names"
    );
    const auto absent =
        postgres::connect_error(target, "connection to server failed: Connection refused\n\tIs it up?\n");
    CHECK(absent.code() == errc::storage_busy);
    CHECK(postgres::connect_error(target, "FATAL:  3D000: no such database").code() == errc::storage_readonly);
    CHECK(postgres::connect_error(target, "FATAL:  57P03: starting up").code() == errc::storage_busy);
}

TEST_SUITE_END();
