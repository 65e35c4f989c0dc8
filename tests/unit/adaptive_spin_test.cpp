#include <doctest/doctest.h>

#include "domain/adaptive_spin.hpp"

using cofila::domain::adaptive_spin;

TEST_SUITE_BEGIN("adaptive_spin");

namespace {

void miss(adaptive_spin& rule, int times)
{
    for (int i = 0; i < times; ++i)
        rule.ended(false);
}

int worthwhile_among(adaptive_spin& rule, int chances)
{
    int count = 0;
    for (int i = 0; i < chances; ++i)
        count += rule.worthwhile() ? 1 : 0;
    return count;
}

}  // namespace

TEST_CASE("waiting awake is worthwhile until it has failed three times in a row")
{
    adaptive_spin rule;
    CHECK(rule.worthwhile());
    miss(rule, 2);
    CHECK(rule.worthwhile());
    miss(rule, 1);
    CHECK_FALSE(rule.worthwhile());
}

TEST_CASE("one success makes up for the failures before it")
{
    adaptive_spin rule;
    miss(rule, 2);
    rule.ended(true);
    miss(rule, 2);
    CHECK(rule.worthwhile());
}

TEST_CASE("where waiting awake fails, every twentieth wait still tries it")
{
    adaptive_spin rule;
    miss(rule, 3);
    CHECK(worthwhile_among(rule, 19) == 0);
    CHECK(worthwhile_among(rule, 1) == 1);
    miss(rule, 1);
    CHECK(worthwhile_among(rule, 200) == 10);
}

TEST_CASE("when that succeeds, it is worthwhile again")
{
    adaptive_spin rule;
    miss(rule, 10);
    CHECK(worthwhile_among(rule, 20) == 1);
    rule.ended(true);
    CHECK(worthwhile_among(rule, 5) == 5);
}

TEST_SUITE_END();
