// Every public function with each of its documented errors.
#include <algorithm>
#include <array>
#include <set>

#include "error_table.hpp"

using namespace cofila;
using namespace cofila::test;

TEST_SUITE_BEGIN("bad input: errors");

namespace {

std::vector<error_case> all_errors()
{
    std::vector<error_case> out;
    for (const auto& part :
         {queue_errors(),
          setting_errors(),
          manual_errors(),
          worker_errors(),
          job_errors(),
          engine_errors(),
          closed_errors(),
          open_errors(),
          storage_errors()})
        out.insert(out.end(), part.begin(), part.end());
    return out;
}

thrown_error provoke(const error_case& what)
{
    thrown_error caught;
    run_app([&](app& a) -> asio::awaitable<void> { caught = co_await error_of(what.provoke(a)); });
    return caught;
}

/// All that error.hpp names: the first number without a text is past the last one.
std::set<errc> every_code()
{
    std::set<errc> out;
    for (int code = 1; error_category().message(code) != "unknown error"; ++code)
        out.insert(static_cast<errc>(code));
    return out;
}

}  // namespace

TEST_CASE("every public function fails as it is documented, and an invalid argument is named")
{
    for (const auto& what : all_errors()) {
        INFO(what.function, ", ", make_error_code(what.code).message(), ", ", what.field);
        const auto e = provoke(what);
        INFO(e.text);
        CHECK(e.code == what.code);
        CHECK(e.field == what.field);
        CHECK_FALSE(e.text.empty());
    }
}

TEST_CASE("some function fails with every code, except for the one that reports mistakes of the library")
{
    std::set<errc> provoked{errc::internal};
    for (const auto& what : all_errors())
        provoked.insert(what.code);
    CHECK(every_code().size() >= 14);
    CHECK((provoked == every_code()));
}

TEST_CASE("of an argument that is refused the store does not hear")
{
    constexpr std::array only_the_store_knows{errc::not_found, errc::wrong_state, errc::lock_lost};
    int heard = 0;
    for (const auto& what : all_errors()) {
        const bool refused = what.code == errc::invalid_argument || what.code == errc::payload_too_large;
        INFO(what.function, ", ", make_error_code(what.code).message(), ", ", what.field);
        run_app([&](app& a) -> asio::awaitable<void> {
            (void)co_await error_of(what.provoke(a));
            if (refused)
                CHECK(a.store->writes() == 0);
            else if (std::ranges::find(only_the_store_knows, what.code) != only_the_store_knows.end())
                heard += a.store->writes();
        });
    }
    CHECK(heard > 0);
}

TEST_SUITE_END();
