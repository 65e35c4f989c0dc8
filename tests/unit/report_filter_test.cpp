#include <chrono>
#include <string>

#include "domain/report_filter.hpp"
#include "support/print.hpp"

using namespace cofila;
using namespace std::chrono_literals;
using domain::report_filter;

TEST_SUITE_BEGIN("report filter");

namespace {

constexpr steady_time beginning{std::chrono::hours{1}};

}  // namespace

TEST_CASE("what fails again and again is news once, and again when it has not failed for a minute")
{
    report_filter filter;
    auto now = beginning;
    CHECK(filter.is_news("read-only", now));
    for (int i = 0; i < 1000; ++i)
        CHECK_FALSE(filter.is_news("read-only", now += 300ms));
    CHECK_FALSE(filter.is_news("read-only", now += 60s));
    CHECK(filter.is_news("read-only", now += 61s));
}

TEST_CASE("another failure is news, also between two of the first")
{
    report_filter filter;
    CHECK(filter.is_news("read-only", beginning));
    CHECK(filter.is_news("full", beginning));
    CHECK_FALSE(filter.is_news("read-only", beginning + 1s));
    CHECK_FALSE(filter.is_news("full", beginning + 1s));
}

TEST_CASE("failures that differ each time take no more memory than a thousand of them")
{
    report_filter filter;
    for (std::size_t i = 0; i <= report_filter::most; ++i)
        CHECK(filter.is_news(std::to_string(i), beginning));
    CHECK(filter.is_news("0", beginning));
    CHECK_FALSE(filter.is_news("0", beginning));
}

TEST_SUITE_END();
