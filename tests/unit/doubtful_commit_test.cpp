#include <doctest/doctest.h>

#include <optional>

#include "domain/doubtful_commit.hpp"

using namespace cofila;
using domain::fate_of;

TEST_SUITE_BEGIN("doubtful_commit");

TEST_CASE("a transaction whose receipt is there is stored, whatever else is missing")
{
    CHECK(fate_of({.number = 3, .has_receipt = true, .before = 2}).stored);
    const auto alone = fate_of({.number = 3, .has_receipt = true});
    CHECK(alone.stored);
    CHECK_FALSE(alone.others_are_lost);
}

TEST_CASE("one without a receipt runs again; the receipt before shows that the server has lost none")
{
    CHECK_FALSE(fate_of({.number = 3, .before = 2}).stored);
    CHECK_FALSE(fate_of({.number = 3, .before = 2}).others_are_lost);
    CHECK_FALSE(fate_of({.number = 1}).others_are_lost);
}

TEST_CASE("an older receipt, or none, shows that acknowledged transactions are lost")
{
    CHECK(fate_of({.number = 3, .before = 1}).others_are_lost);
    CHECK(fate_of({.number = 3}).others_are_lost);
    CHECK_FALSE(fate_of({.number = 3}).stored);
}

TEST_SUITE_END();
