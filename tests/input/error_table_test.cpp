// Every public function with each of its documented errors.
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
         {queue_errors(), worker_errors(), job_errors(), engine_errors(), closed_errors(), storage_errors()})
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

TEST_CASE("there is no code that no function fails with")
{
    std::set<errc> provoked;
    for (const auto& what : all_errors())
        provoked.insert(what.code);
    CHECK(every_code().size() >= 14);
    CHECK((provoked == every_code()));
}

TEST_CASE("what is refused stores nothing")
{
    for (const auto& what : all_errors()) {
        if (what.code != errc::invalid_argument && what.code != errc::payload_too_large)
            continue;
        INFO(what.function, ", ", what.field);
        run_app([&](app& a) -> asio::awaitable<void> {
            const auto before = a.store->calls(op::add);
            const bool adds = std::string_view{what.function}.starts_with("queue::add");
            (void)co_await error_of(what.provoke(a));
            CHECK((!adds || a.store->calls(op::add) == before));
        });
    }
}

TEST_SUITE_END();
